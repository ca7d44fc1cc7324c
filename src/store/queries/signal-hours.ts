import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** Rows of signals that one statement sums up, about; the first hour is always taken. */
const ROWS_AT_ONCE = 3_000_000;
const HOURS_AT_ONCE = 1000;

/**
 * The hours, oldest first, whose signals were written since they were summed up and not in the last `quiet` seconds: as
 * many as one statement may take. Readers take the newest hour that was summed up for the end of what was.
 */
export const staleSignalHours = defineQuery<{ readonly quiet: number }>()({
  name: 'stale_signal_hours',
  sql: `SELECT toUnixTimestamp(hour) AS hour, toUnixTimestamp64Milli(now64(3) - toIntervalSecond({quiet:UInt32})) AS as_of_ms FROM (
  SELECT hour, sum(n) OVER (ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (
    SELECT hour, sum(s.rows) AS n FROM signal_hours AS s GROUP BY hour
    HAVING max(s.written) > max(s.rolled) AND max(s.written) <= now64(3) - toIntervalSecond({quiet:UInt32}) AND hour + INTERVAL 1 HOUR <= now()))
WHERE before < ${ROWS_AT_ONCE} ORDER BY hour LIMIT ${HOURS_AT_ONCE}`,
  row: z.object({ hour: z.number(), as_of_ms: z.number() }),
});

/** Sums up the signals of hours (epoch seconds) of some days; an hour without a value is stored too, for it may have had one. */
export const rollSignalHours = `INSERT INTO signals_per_hour (t, signal, model, version, feature, segment, gpu, n, mean, least, most, newest, newest_t, rolled_at)
SELECT toStartOfHour(t) AS hour, signal, model, version, feature, segment, gpu, countIf(is_value) AS n,
  avgIf(value, is_value) AS mean, minIf(value, is_value) AS least, maxIf(value, is_value) AS most, argMaxIf(value, t, is_value) AS newest, maxIf(t, is_value) AS newest_t, now64(3) AS rolled_at
FROM (
  SELECT t, signal, model, version, feature, segment, gpu, value, state = 'ok' AND isFinite(value) AS is_value FROM signals_by_day FINAL
  WHERE toDate(t) IN (SELECT DISTINCT toDate(arrayJoin({hours:Array(DateTime('UTC'))}))) AND toStartOfHour(t) IN {hours:Array(DateTime('UTC'))})
GROUP BY hour, signal, model, version, feature, segment, gpu`;

/** Notes that hours (epoch seconds) were summed up, as of a moment (epoch ms) before that: what was being written meanwhile comes again. */
export const noteRolledHours = `INSERT INTO signal_hours (hour, written, rolled, rows)
SELECT arrayJoin({hours:Array(DateTime('UTC'))}) AS hour, toDateTime64(0, 3, 'UTC') AS written, fromUnixTimestamp64Milli({as_of:Int64}, 'UTC') AS rolled, 0 AS rows`;
