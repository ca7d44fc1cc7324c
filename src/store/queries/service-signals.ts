/** One INSERT that concludes the service signals of every minute in [from, to) from the rollups: traffic, errors, latency. */
export const writeServiceSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, s.1 AS signal, model, version, '' AS feature, segment, '' AS gpu, if(isFinite(s.2), s.2, nan) AS value, if(isFinite(s.2), 'ok', 'no_data') AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT t, model, v AS version, segment, sum(requests) AS n, sum(errors) / n AS error_ratio,
    quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency) AS q, sum(latency_count) AS latencies
  FROM service_per_minute ARRAY JOIN if(segment = '', arrayDistinct(['', toString(version)]), ['']) AS v
  WHERE t >= {from:DateTime} AND t < {to:DateTime} GROUP BY t, model, v, segment)
ARRAY JOIN [
  ('requests_per_second', n / 60), ('error_ratio', error_ratio),
  ('latency_p50_seconds', if(latencies > 0, q[1] / 1000, nan)), ('latency_p95_seconds', if(latencies > 0, q[2] / 1000, nan)), ('latency_p99_seconds', if(latencies > 0, q[3] / 1000, nan))
] AS s`;

/** The GPU signals of every minute in [from, to): by GPU, and by model as the busiest of its GPUs (slices weighted). */
export const writeGpuSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, signal, model, '' AS version, '' AS feature, '' AS segment, g AS gpu, value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT t, signal, model, g, if(signal = 'gpu_xid_changes' OR signal = 'gpu_pcie_bytes_per_second', sum(v), max(v)) AS value
  FROM (
    SELECT toStartOfMinute(ts) AS t, signal, model, gpu, if(signal = 'gpu_xid_changes', sum(value), avg(value)) AS v
    FROM gpu_samples WHERE ts >= {from:DateTime} AND ts < {to:DateTime} GROUP BY t, signal, model, gpu)
  ARRAY JOIN if(model = '', [gpu], ['', gpu]) AS g GROUP BY t, signal, model, g)`;

/** The business signals of every minute in [from, to), with the ratio to the mean of the same hour one week before. */
export const writeBusinessSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, s.1 AS signal, model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, s.2 AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT now_.t AS t, now_.metric AS metric, now_.model AS model, now_.mean AS reading, before.mean AS baseline, before.n AS baseline_n
  FROM (SELECT toStartOfMinute(ts) AS t, metric, model, avg(value) AS mean FROM business_metrics WHERE ts >= {from:DateTime} AND ts < {to:DateTime} GROUP BY t, metric, model) AS now_
  LEFT JOIN (SELECT toStartOfHour(ts) + INTERVAL 7 DAY AS hour, metric, model, avg(value) AS mean, count() AS n FROM business_metrics
    WHERE ts >= toStartOfHour({from:DateTime}) - INTERVAL 7 DAY AND ts < {to:DateTime} - INTERVAL 7 DAY + INTERVAL 1 HOUR GROUP BY hour, metric, model) AS before
  ON toStartOfHour(now_.t) = before.hour AND now_.metric = before.metric AND now_.model = before.model)
ARRAY JOIN arrayFilter(x -> isFinite(x.2), [(concat('business_', metric), reading), (concat('business_', metric, '_vs_baseline_ratio'), if(baseline_n > 0 AND baseline != 0, reading / baseline, nan))]) AS s`;

/** Writes constant series of a model, such as its objectives, for the minutes in [from, to) in which it has traffic or GPU data. */
export const writeConstantSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, {signal:String} AS signal, {model:String} AS model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, {value:Float64} AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (SELECT DISTINCT t FROM signals WHERE model = {model:String} AND signal IN ('requests_per_second', 'gpu_utilization_ratio') AND t >= {from:DateTime} AND t < {to:DateTime})`;
