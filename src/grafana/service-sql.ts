import { table } from './sql.ts';
import { BUCKET_SECONDS, BUCKET_TIME, IS_LONG } from './time-range-sql.ts';

/** Width of a time bucket in seconds; at least an hour where hours are read. */
export const SERVICE_BUCKET_SECONDS = BUCKET_SECONDS;

/** The bucket that a row of `serviceRows` lies in, as the column time. */
export const SERVICE_TIME = BUCKET_TIME;

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

/** Ranges longer than this are summed up from hours and days: a sum over all of a range needs no minutes. */
const LONGEST_SUM_BY_MINUTE_SECONDS = 6 * 3600;
const IS_SUMMED_BY_HOUR = `dateDiff('second', $__fromTime, $__toTime) > ${LONGEST_SUM_BY_MINUTE_SECONDS}`;

/**
 * Returns rows of all traffic for numbers over the whole range: beyond six hours its whole days and the hours before and
 * after them; such a range begins with the hour of its first minute.
 *
 * @param filter   condition on model and version
 * @param columns  those of service_per_day that are needed beside t
 */
export function serviceTotalRows(filter: string, columns: readonly string[]): string {
  const rows = (name: 'service_per_minute' | 'service_per_hour' | 'service_per_day', where: string): string =>
    `SELECT t, ${columns.join(', ')} FROM ${table(name)} WHERE ${where} AND ${filter}`;
  const minutes = `NOT (${IS_SUMMED_BY_HOUR}) AND t >= toStartOfMinute($__fromTime) AND t < $__toTime AND segment = ''`;
  const hours = `${IS_SUMMED_BY_HOUR} AND t >= toStartOfHour($__fromTime) AND t < $__toTime AND (t < ${FIRST_WHOLE_DAY} OR t >= ${END_OF_WHOLE_DAYS}) AND segment = ''`;
  const days = `${IS_SUMMED_BY_HOUR} AND t >= ${FIRST_WHOLE_DAY} AND t < ${END_OF_WHOLE_DAYS}`;
  return `(${rows('service_per_minute', minutes)} UNION ALL ${rows('service_per_hour', hours)} UNION ALL ${rows('service_per_day', days)})`;
}

/** Days in UTC that lie in the range as a whole; where there is none, the first begins after their end. */
const startOfDay = (seconds: string): string => `toDateTime(intDiv(${seconds}, 86400) * 86400)`;
const FIRST_WHOLE_DAY = startOfDay('toUnixTimestamp(toStartOfHour($__fromTime)) + 86399');
const END_OF_WHOLE_DAYS = startOfDay('toUnixTimestamp($__toTime)');

/** Only whole time buckets, so that a rate at the edge of the picture is not a fraction of itself. */
const floor = (time: string): string =>
  `toDateTime(intDiv(toUnixTimestamp(${time}), ${SERVICE_BUCKET_SECONDS}) * ${SERVICE_BUCKET_SECONDS})`;
const WHOLE_BUCKETS = `t >= ${floor('$__fromTime')} AND t < ${floor('$__toTime')}`;
