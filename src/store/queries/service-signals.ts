/** GPU signals that count events since the reading before. */
const GPU_EVENTS = `'gpu_xid_changes', 'gpu_pcie_replays', 'gpu_ecc_correctable_errors', 'gpu_ecc_uncorrectable_errors', 'gpu_remapped_rows', 'gpu_nvlink_errors'`;

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

/**
 * The GPU signals of every minute in [from, to): by GPU, and by model over its GPUs. `weight` is the share of the GPU
 * that the model holds. Ratios: mean weighted by it; watts and bytes: the sum of the model's shares; events: the sum;
 * temperature and failures: the maximum.
 */
export const writeGpuSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, signal, model, '' AS version, '' AS feature, '' AS segment, g AS gpu, multiIf(
    signal IN (${GPU_EVENTS}), sum(v), endsWith(signal, '_ratio'), sum(v * w) / sum(w),
    signal IN ('gpu_temperature_celsius', 'gpu_row_remap_failures'), max(v), g = '', sum(v * w), max(v)) AS value,
  'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT toStartOfMinute(ts) AS t, signal, model, gpu, sum(weight) / uniqExact(ts) AS w,
    if(signal IN (${GPU_EVENTS}), sum(value), sum(value * weight) / sum(weight)) AS v
  FROM gpu_samples WHERE ts >= {from:DateTime} AND ts < {to:DateTime} AND weight > 0 GROUP BY t, signal, model, gpu)
ARRAY JOIN if(model = '', [gpu], ['', gpu]) AS g GROUP BY t, signal, model, g`;

/**
 * Writes constant series of models, such as their objectives, for the minutes in [from, to) in which a model has traffic
 * or GPU data. Of an age the value is the moment from which it counts, epoch seconds; before that there is none.
 */
export const writeConstantSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, c.signal AS signal, served.model AS model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, if(c.is_age, toUnixTimestamp(t) + 60 - c.value, c.value) AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (SELECT DISTINCT t, model FROM signals_by_day WHERE signal IN ('requests_per_second', 'gpu_utilization_ratio') AND model IN {models:Array(String)}
  AND t >= {from:DateTime} AND t < {to:DateTime}) AS served
INNER JOIN (SELECT x.1 AS model, x.2 AS signal, x.3 AS value, x.4 AS is_age
  FROM (SELECT arrayJoin(arrayZip({models:Array(String)}, {signals:Array(String)}, {values:Array(Float64)}, {ages:Array(UInt8)})) AS x)) AS c ON served.model = c.model
WHERE NOT is_age OR toUnixTimestamp(t) + 60 >= c.value`;
