import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** Times in seconds since 1970; minutes in [from, to). */
type Range = { readonly from: number; readonly to: number };

const subject = {
  t_ms: z.number(),
  measure: z.string(),
  runtime: z.string(),
  model: z.string(),
  version: z.string(),
  part: z.string(),
  le: z.number().nullable(),
};

const rateRow = z.object({ ...subject, outcome: z.string(), rate: z.number() });
const gaugeRow = z.object({ ...subject, total: z.number(), top: z.number() });

/** Events a second of one counter or bucket in one minute; `le` is null for the last bucket. */
export type ServingRate = z.infer<typeof rateRow>;

/** Mean of the minute of the gauges of one subject: their sum and the largest. */
export type ServingGauge = z.infer<typeof gaugeRow>;

/** The hours of a range that hold serving samples. */
export const servingHours = defineQuery<Range>()({
  name: 'serving_hours',
  sql: `SELECT DISTINCT toUnixTimestamp(toStartOfHour(ts)) AS hour FROM serving_samples
WHERE ts >= toDateTime64({from:UInt32}, 3, 'UTC') AND ts < toDateTime64({to:UInt32}, 3, 'UTC') ORDER BY hour`,
  row: z.object({ hour: z.number() }),
});

/**
 * Counters as rates. A step is the rise from one sample of a series to the next, the whole value where it fell (the
 * counter began anew), and belongs to the minute of the later sample. The rate is that of all steps of the minute over
 * the time they took, so neither a late nor a missed scrape bends it; a series without an earlier sample within five
 * minutes has none.
 */
export const servingRates = defineQuery<Range>()({
  name: 'serving_rates',
  sql: `SELECT toUnixTimestamp(t) * 1000 AS t_ms, measure, runtime, model, version, part, outcome, le, sum(rise / seconds) AS rate
FROM (
  SELECT toStartOfMinute(ts) AS t, measure, runtime, model, version, part, outcome, series, le,
    sum(if(value >= before, value - before, value)) AS rise, sum(dateDiff('millisecond', before_ts, ts)) / 1000 AS seconds
  FROM (
    SELECT measure, runtime, model, version, part, outcome, series, le, ts, value,
      lagInFrame(value, 1, nan) OVER w AS before, lagInFrame(ts, 1, ts) OVER w AS before_ts
    FROM serving_samples
    WHERE ts >= toDateTime64({from:UInt32}, 3, 'UTC') - INTERVAL 5 MINUTE AND ts < toDateTime64({to:UInt32}, 3, 'UTC')
      AND (endsWith(measure, '_bucket') OR endsWith(measure, '_sum') OR endsWith(measure, '_count')
        OR measure IN ('requests', 'output_tokens', 'preemptions', 'evictions', 'nodes_created', 'nodes_removed', 'scaler_errors'))
    WINDOW w AS (PARTITION BY measure, series, le ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))
  WHERE ts >= toDateTime64({from:UInt32}, 3, 'UTC') AND isFinite(before) AND ts > before_ts
  GROUP BY t, measure, runtime, model, version, part, outcome, series, le)
GROUP BY t, measure, runtime, model, version, part, outcome, le
ORDER BY t, model`,
  row: rateRow,
});

/** Gauges: the mean of each series over the minute, added up and the largest. */
export const servingGauges = defineQuery<Range>()({
  name: 'serving_gauges',
  sql: `SELECT toUnixTimestamp(t) * 1000 AS t_ms, measure, runtime, model, version, part, le, sum(mean) AS total, max(mean) AS top
FROM (
  SELECT toStartOfMinute(ts) AS t, measure, runtime, model, version, part, series, le, avg(value) AS mean
  FROM serving_samples
  WHERE ts >= toDateTime64({from:UInt32}, 3, 'UTC') AND ts < toDateTime64({to:UInt32}, 3, 'UTC')
    AND measure IN ('latency_quantile', 'queue_depth', 'in_flight', 'kv_cache', 'replicas', 'desired_replicas', 'pending', 'running',
      'gpu_quota', 'gpu_quota_used', 'gpu_price', 'cpu_price', 'memory_price', 'cost_per_hour', 'gpu_allocation', 'cpu_allocation', 'memory_allocation')
  GROUP BY t, measure, runtime, model, version, part, series, le)
GROUP BY t, measure, runtime, model, version, part, le
ORDER BY t, model`,
  row: gaugeRow,
});

/** The minutes in which models have prediction records. */
export const recordedMinutes = defineQuery<Range>()({
  name: 'recorded_minutes',
  sql: `SELECT DISTINCT toUnixTimestamp(t) * 1000 AS t_ms, model FROM service_per_minute
WHERE t >= toDateTime({from:UInt32}, 'UTC') AND t < toDateTime({to:UInt32}, 'UTC') AND segment = ''`,
  row: z.object({ t_ms: z.number(), model: z.string() }),
});

/**
 * Concludes what serving the models costs, for the minutes in [from, to): by the allocation that OpenCost tells, else
 * by the declared cost, else by the price of a GPU times the shares of GPUs that the model holds; and per thousand
 * predictions, cost per hour / (3.6 * requests per second), where there are any.
 */
export const writeCostSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, s.1 AS signal, model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, s.2 AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT known.t AS t, known.model AS model, rps, multiIf(allocated >= 0, allocated, declared >= 0, declared, price >= 0 AND held.shares > 0, price * held.shares, nan) AS hourly
  FROM (
    SELECT t, model, maxIf(s.value, signal = 'requests_per_second') AS rps,
      if(countIf(signal = 'allocated_cost_per_hour_usd') = 0, -1, maxIf(s.value, signal = 'allocated_cost_per_hour_usd')) AS allocated,
      if(countIf(signal = 'declared_cost_per_hour_usd') = 0, -1, maxIf(s.value, signal = 'declared_cost_per_hour_usd')) AS declared,
      if(countIf(signal = 'gpu_price_per_hour_usd') = 0, -1, maxIf(s.value, signal = 'gpu_price_per_hour_usd')) AS price
    FROM signals AS s FINAL
    WHERE model IN {models:Array(String)} AND t >= {from:DateTime} AND t < {to:DateTime} AND state = 'ok' AND version = '' AND segment = ''
      AND signal IN ('requests_per_second', 'allocated_cost_per_hour_usd', 'declared_cost_per_hour_usd', 'gpu_price_per_hour_usd')
    GROUP BY t, model) AS known
  LEFT JOIN (
    SELECT t, model, max(shares) AS shares FROM (
      SELECT t, model, signal, sum(w) AS shares FROM (
        SELECT toStartOfMinute(ts) AS t, model, signal, gpu, sum(weight) / uniqExact(ts) AS w FROM gpu_samples
        WHERE ts >= {from:DateTime} AND ts < {to:DateTime} AND model IN {models:Array(String)} GROUP BY t, model, signal, gpu)
      GROUP BY t, model, signal)
    GROUP BY t, model) AS held ON known.t = held.t AND known.model = held.model)
ARRAY JOIN arrayFilter(x -> isFinite(x.2), [('cost_per_hour_usd', hourly), ('cost_per_thousand_predictions_usd', if(rps > 0, hourly / (3.6 * rps), nan))]) AS s`;
