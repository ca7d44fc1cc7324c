import { z } from 'zod';
import { defineQuery } from '../query.ts';

/**
 * The business signals of every minute in [from, to). The baseline of a minute is the mean of the same hour one week
 * before; without one, the median of the hourly means of the day before, when it has at least six hours.
 */
export const writeBusinessSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
WITH
  readings AS (SELECT toStartOfMinute(ts) AS t, toStartOfHour(ts) AS hour, metric, model, avg(value) AS mean FROM business_metrics WHERE ts >= {from:DateTime} AND ts < {to:DateTime} GROUP BY t, hour, metric, model),
  last_week AS (SELECT toStartOfHour(ts) + INTERVAL 7 DAY AS hour, metric, model, avg(value) AS mean, count() AS n FROM business_metrics
    WHERE ts >= toStartOfHour({from:DateTime}) - INTERVAL 7 DAY AND ts < {to:DateTime} - INTERVAL 7 DAY + INTERVAL 1 HOUR GROUP BY hour, metric, model),
  day_before AS (
    SELECT hour, metric, model, quantileExactInclusive(0.5)(mean) OVER before AS median, count() OVER before AS n
    FROM (SELECT toStartOfHour(ts) AS hour, toUnixTimestamp(hour) AS second, metric, model, avg(value) AS mean FROM business_metrics
      WHERE ts >= toStartOfHour({from:DateTime}) - INTERVAL 1 DAY AND ts < {to:DateTime} GROUP BY hour, metric, model)
    WINDOW before AS (PARTITION BY metric, model ORDER BY second RANGE BETWEEN 86400 PRECEDING AND 3600 PRECEDING))
SELECT t, s.1 AS signal, model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, s.2 AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT r.t AS t, r.metric AS metric, r.model AS model, r.mean AS reading,
    multiIf(w.n > 0, w.mean, d.n >= 6, d.median, nan) AS baseline
  FROM readings AS r
  LEFT JOIN last_week AS w ON r.hour = w.hour AND r.metric = w.metric AND r.model = w.model
  LEFT JOIN day_before AS d ON r.hour = d.hour AND r.metric = d.metric AND r.model = d.model)
ARRAY JOIN arrayFilter(x -> isFinite(x.2), [(concat('business_', metric), reading), (concat('business_', metric, '_vs_baseline_ratio'), if(baseline != 0, reading / baseline, nan))]) AS s`;

/** Days whose evaluated minutes got business numbers after the cursor, oldest first, with their first and last minute. */
export const lateBusinessDays = defineQuery<{ readonly since_ms: number; readonly until_ms: number }>()({
  name: 'late_business_days',
  sql: `SELECT toUnixTimestamp(min(t)) AS first_minute, toUnixTimestamp(max(t)) AS last_minute
FROM late_business WHERE received > fromUnixTimestamp64Milli({since_ms:Int64}) AND received <= fromUnixTimestamp64Milli({until_ms:Int64}) GROUP BY toStartOfDay(t) ORDER BY first_minute`,
  row: z.object({ first_minute: z.number(), last_minute: z.number() }),
});
