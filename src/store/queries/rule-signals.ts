/** Share of the predictions of every minute in [from, to) that were slower than the objective, to one percent. */
export const writeSlowRatio = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, 'latency_over_objective_ratio' AS signal, model, '' AS version, '' AS feature, '' AS segment, '' AS gpu,
  arrayCount(x -> x > objective_ms, percentiles) / 100 AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT t, model, transform(model, {models:Array(String)}, {latency_objectives:Array(Float64)}, nan) AS objective_ms,
    quantilesDDMerge(0.01, ${percentiles(50, 99)})(latency) AS percentiles, sum(latency_count) AS timed
  FROM service_per_minute
  WHERE model IN {models:Array(String)} AND segment = '' AND t >= {from:DateTime} AND t < {to:DateTime} GROUP BY t, model)
WHERE timed > 0 AND NOT isNaN(objective_ms)`;

/** What each minute adds to the use of the budgets; of a minute that was concluded again the newest counts. */
const MINUTES = `SELECT t, model, transform(model, {models:Array(String)}, {error_objectives:Array(Float64)}, nan) AS error_objective,
    argMaxIf(known, evaluated_at, signal = 'requests_per_second') * 60 AS n, n * argMaxIf(known, evaluated_at, signal = 'error_ratio') AS failed,
    if(countIf(signal = 'latency_over_objective_ratio' AND state = 'ok') > 0, n, 0) AS timed, n * argMaxIf(known, evaluated_at, signal = 'latency_over_objective_ratio') AS slow
  FROM (SELECT t, model, signal, state, evaluated_at, if(state = 'ok', value, 0) AS known FROM signals_by_day
    WHERE signal IN ('requests_per_second', 'error_ratio', 'latency_over_objective_ratio') AND model IN {models:Array(String)}
      AND version = '' AND feature = '' AND segment = '' AND gpu = ''
      AND t >= {from:DateTime} - INTERVAL 6 HOUR AND t < {to:DateTime})
  GROUP BY t, model`;

/** How fast the error and latency budgets of models burn in every minute in [from, to), weighted by traffic. */
export const writeBudgetSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, s.1 AS signal, model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, s.2 AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT t, model, error_objective,
    ${['5m', '30m', '1h', '6h'].map((range) => `sum(failed) OVER w${range} / sum(n) OVER w${range} AS failed_${range}, sum(slow) OVER w${range} / sum(timed) OVER w${range} AS slow_${range}`).join(',\n    ')}
  FROM (${MINUTES})
  WINDOW ${Object.entries({ '5m': 300, '30m': 1800, '1h': 3600, '6h': 21_600 })
    .map(
      ([range, seconds]) =>
        `w${range} AS (PARTITION BY model ORDER BY t RANGE BETWEEN ${seconds - 60} PRECEDING AND CURRENT ROW)`,
    )
    .join(', ')})
ARRAY JOIN arrayFilter(x -> isFinite(x.2), [
  ${['5m', '30m', '1h', '6h'].map((range) => `('error_budget_burn_${range}', failed_${range} / error_objective), ('latency_budget_burn_${range}', slow_${range} / 0.01)`).join(',\n  ')}
]) AS s
WHERE t >= {from:DateTime}`;

/** Age of the newest deploy and of each version, up to seven days, and what older versions do beside a newer one, for [from, to). */
export const writeReleaseSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
WITH
  served AS (SELECT DISTINCT t, model, version FROM service_per_minute WHERE segment = '' AND t >= {from:DateTime} AND t < {to:DateTime}),
  births AS (SELECT model, version, min(first_ts) AS born FROM features_seen GROUP BY model, version),
  deploys AS (SELECT model, toDateTime(ts, 'UTC') AS deployed FROM change_events
    WHERE kind IN ('deploy', 'rollout') AND ts >= {from:DateTime} - INTERVAL 7 DAY AND ts < {to:DateTime}),
  mixed AS (SELECT model FROM served GROUP BY model HAVING uniqExact(version) > 1),
  beside AS (
    SELECT newer.t AS t, newer.model AS model, newer.version AS version, sum(older.n) AS n, sum(older.failed) / n AS error_ratio,
      sum(older.timed) AS timed, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(older.states)[3] / 1000 AS p99
    FROM (SELECT served.t AS t, served.model AS model, served.version AS version, births.born AS born FROM served INNER JOIN births ON served.model = births.model AND served.version = births.version WHERE served.model IN (SELECT model FROM mixed)) AS newer
    INNER JOIN (
      SELECT minute, service.model AS model, births.born AS born, requests AS n, errors AS failed, latency_count AS timed, latency AS states
      FROM (SELECT t + shift AS minute, model, version, requests, errors, latency_count, latency FROM service_per_minute ARRAY JOIN [0, 60, 120, 180, 240] AS shift
        WHERE segment = '' AND t >= {from:DateTime} - INTERVAL 4 MINUTE AND t < {to:DateTime} AND model IN (SELECT model FROM mixed)) AS service
      INNER JOIN births ON service.model = births.model AND service.version = births.version) AS older
    ON newer.t = older.minute AND newer.model = older.model
    WHERE older.born < newer.born GROUP BY t, model, version)
SELECT t, signal, model, version, '' AS feature, '' AS segment, '' AS gpu, value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT s.t AS t, 'deploy_age_seconds' AS signal, s.model AS model, '' AS version, toFloat64(s.until - d.deployed) AS value
  FROM (SELECT DISTINCT t, model, t + 60 AS until FROM served) AS s ASOF INNER JOIN deploys AS d ON s.model = d.model AND s.until >= d.deployed
  UNION ALL
  SELECT served.t, 'version_age_seconds', served.model, served.version, toFloat64(served.t + 60 - toDateTime(births.born, 'UTC'))
  FROM served INNER JOIN births ON served.model = births.model AND served.version = births.version
  WHERE toDateTime(births.born, 'UTC') > served.t - INTERVAL 7 DAY
  UNION ALL
  SELECT t, 'older_versions_error_ratio', model, version, error_ratio FROM beside WHERE n > 0
  UNION ALL
  SELECT t, 'older_versions_latency_p99_seconds', model, version, p99 FROM beside WHERE timed > 0 AND isFinite(p99))`;

/** The worst feature and the worst business metric of each model in [from, to); run after the drift of the minutes. */
export const writeSummarySignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, signal, model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT window_to - 60 AS t, s.1 AS signal, model, s.2 AS value
  FROM (
    SELECT window_to, model, max(missing_current - missing_reference) AS missing, toFloat64(countIf(level IN ('minor', 'moderate', 'major'))) AS drifted
    FROM drift_results FINAL
    WHERE window_to > {from:DateTime} AND window_to <= {to:DateTime} AND segment = '' AND version = '' AND feature NOT IN ('__score__', '__prediction__')
      AND n_current > 0 AND (model NOT IN {weighted_models:Array(String)} OR concat(model, '\\n', feature) IN {important_features:Array(String)})
    GROUP BY window_to, model)
  ARRAY JOIN arrayFilter(x -> isFinite(x.2), [('missing_increase_ratio', missing), ('important_drifted_features', drifted)]) AS s
  UNION ALL
  SELECT t, 'worst_business_ratio', model, min(value) FROM signals_by_day FINAL
  WHERE startsWith(signal, 'business_') AND endsWith(signal, '_vs_baseline_ratio')
    AND model != '' AND state = 'ok' AND t >= {from:DateTime} AND t < {to:DateTime}
  GROUP BY t, model)`;

/** Records refused in every minute in [from, to), and how late the minutes are evaluated. */
export const writeSelfSignals = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
SELECT t, s.1 AS signal, '' AS model, '' AS version, '' AS feature, '' AS segment, '' AS gpu, s.2 AS value, 'ok' AS state, {now:DateTime64(3)} AS evaluated_at
FROM (
  SELECT minutes.t AS t, buried.n AS refused, served.n AS taken
  FROM (SELECT {from:DateTime} + number * 60 AS t FROM numbers(toUInt64({to:DateTime} - {from:DateTime}) DIV 60)) AS minutes
  LEFT JOIN (SELECT toStartOfMinute(toDateTime(received, 'UTC')) AS t, count() AS n FROM dead_letters WHERE received >= {from:DateTime} AND received < {to:DateTime} GROUP BY t) AS buried ON minutes.t = buried.t
  LEFT JOIN (SELECT t, sum(requests) AS n FROM service_per_minute WHERE segment = '' AND t >= {from:DateTime} AND t < {to:DateTime} GROUP BY t) AS served ON minutes.t = served.t)
ARRAY JOIN arrayFilter(x -> isFinite(x.2), [('dead_letters_per_second', refused / 60), ('dead_letter_ratio', refused / (refused + taken)),
  ('evaluation_delay_seconds', {delay_seconds:Float64})]) AS s`;

function percentiles(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => ((from + index) / 100).toFixed(2)).join(', ');
}
