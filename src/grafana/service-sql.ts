import { table } from './sql.ts';

/** Ranges longer than this are read from the hourly rollup, which keeps a month as fast as a day. */
const LONGEST_BY_MINUTE_SECONDS = 2 * 86_400;

const IS_LONG = `dateDiff('second', $__fromTime, $__toTime) > ${LONGEST_BY_MINUTE_SECONDS}`;

/** Width of a time bucket in seconds; at least an hour where hours are read. */
export const SERVICE_BUCKET_SECONDS = `if(${IS_LONG}, greatest(3600, $__interval_s), $__interval_s)`;

/** The bucket that a row of `serviceRows` lies in, as the column time. */
export const SERVICE_TIME = `toDateTime(intDiv(toUnixTimestamp(t), ${SERVICE_BUCKET_SECONDS}) * ${SERVICE_BUCKET_SECONDS}, 'UTC') AS time`;

/**
 * Returns a subquery of traffic, errors and latency in the time range: minutes of a short range, hours of a long one.
 * Only one of its halves is read, because the range is known before.
 *
 * @param filter   condition on model, version and segment
 * @param columns  those of service_per_minute that are needed beside t
 */
export function serviceRows(filter: string, columns: readonly string[]): string {
  const rows = (name: 'service_per_minute' | 'service_per_hour', is: string): string =>
    `SELECT t, ${columns.join(', ')} FROM ${table(name)} WHERE ${is} AND ${WHOLE_BUCKETS} AND ${filter}`;
  return `(${rows('service_per_minute', `NOT (${IS_LONG})`)} UNION ALL ${rows('service_per_hour', IS_LONG)})`;
}

/** Only whole time buckets, so that a rate at the edge of the picture is not a fraction of itself. */
const floor = (time: string): string =>
  `toDateTime(intDiv(toUnixTimestamp(${time}), ${SERVICE_BUCKET_SECONDS}) * ${SERVICE_BUCKET_SECONDS})`;
const WHOLE_BUCKETS = `t >= ${floor('$__fromTime')} AND t < ${floor('$__toTime')}`;
