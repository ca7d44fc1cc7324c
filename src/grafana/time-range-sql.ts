/** Ranges longer than this are read from the hourly rollups, which keep a month as fast as a day. */
const LONGEST_BY_MINUTE_SECONDS = 2 * 86_400;

/** Whether the time range is read by the hour. */
export const IS_LONG = `dateDiff('second', $__fromTime, $__toTime) > ${LONGEST_BY_MINUTE_SECONDS}`;

/** Width of a time bucket in seconds; at least an hour where hours are read. */
export const BUCKET_SECONDS = `if(${IS_LONG}, greatest(3600, $__interval_s), $__interval_s)`;

/** The bucket that the column t lies in, as the column time. */
export const BUCKET_TIME = `toDateTime(intDiv(toUnixTimestamp(t), ${BUCKET_SECONDS}) * ${BUCKET_SECONDS}, 'UTC') AS time`;
