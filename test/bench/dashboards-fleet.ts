/** The end of the ranges that are asked for. */
export const NOW_MS = Date.parse('2026-06-02T00:00:00Z');
export const MODEL = 'model_7';
/** An episode of an alert of that model. */
export const INCIDENT = '7';

const MODELS = 175;
const PREDICTIONS_A_DAY = 50_400_000;
const DAYS = 30;
const SEGMENTS = 3;
const HOURS_AT_ONCE = 4;
const DAY = "toDateTime('2026-06-01 00:00:00', 'UTC')";

/** Signals of every model, whatever their values. */
const MODEL_SIGNALS = [
  'requests_per_second',
  'error_ratio',
  'slo_error_ratio',
  'latency_p50_seconds',
  'latency_p95_seconds',
  'latency_p99_seconds',
  'slo_latency_p99_seconds',
  'drift_score',
  'drifted_features',
  'drift_alarms',
  'feature_incidents',
  'prediction_psi',
  'accuracy',
  'f1',
  'auc',
  'slo_accuracy',
  'label_coverage_ratio',
  'worst_business_ratio',
  'business_revenue_usd',
  'business_revenue_usd_vs_baseline_ratio',
  'gpu_utilization_ratio',
  'gpu_power_watts',
  'cost_per_hour_usd',
  'cost_per_thousand_predictions_usd',
  'model_age_seconds',
  'error_budget_burn_1h',
  'error_budget_burn_6h',
  'latency_budget_burn_1h',
  'latency_budget_burn_6h',
  'llm_ttft_p95_seconds',
  'llm_inter_token_p95_seconds',
  'llm_queue_depth',
  'llm_kv_cache_ratio',
  'llm_preemptions_per_second',
  'llm_output_tokens_per_second',
];
const FEATURE_SIGNALS = ['feature_psi', 'feature_ks', 'feature_missing_ratio', 'feature_unseen_ratio'];
const GPU_SIGNALS = [
  'gpu_utilization_ratio',
  'gpu_memory_used_ratio',
  'gpu_sm_active_ratio',
  'gpu_temperature_celsius',
  'gpu_throttled_ratio',
  'gpu_xid_changes',
];
const FEATURES = 8;

/** Returns the statements that fill the tables of the dashboards as a month of a fleet would; only its last day by the minute. */
export function fleetStatements(): readonly string[] {
  return [...dayOfService(), monthOfService(), DAYS_OF_SERVICE, ...monthOfSignals(), ...theRest()];
}

/**
 * Rows as ingest makes them, one for each model, version, segment and minute, with the counts of 200 predictions a model
 * and minute. The sketches of latency are drawn from 64 of that size, because 50 million values take minutes.
 */
function dayOfService(): readonly string[] {
  const perMinute = PREDICTIONS_A_DAY / (MODELS * 1440);
  const sketches = `SELECT k, quantilesDDState(0.01, 0.5, 0.95, 0.99)(exp(3 + (cityHash64(number) % 1000) / 500)) AS latency
    FROM (SELECT number, number % 64 AS k FROM numbers(${64 * perMinute})) GROUP BY k`;
  const minutes = Array.from(
    { length: 24 / HOURS_AT_ONCE },
    (_, block) => `
    INSERT INTO service_per_minute
    SELECT concat('model_', toString(m)), v, s, t, requests, intDiv(requests, 50), t, t, requests, requests * 50., 400., latency, requests, requests * 0.3
    FROM (
      SELECT m, v, s, t, toUInt64(${perMinute} * if(v = '1', 0.9, 0.1) / if(s = '', 1, ${SEGMENTS})) AS requests, cityHash64(m, v, s, t) % 64 AS k
      FROM (SELECT number AS m FROM numbers(${MODELS})) AS models
      CROSS JOIN (SELECT arrayJoin(['1', '2']) AS v) AS versions
      CROSS JOIN (SELECT arrayJoin(arrayConcat([''], arrayMap(i -> concat('region=r', toString(i)), range(${SEGMENTS})))) AS s) AS segments
      CROSS JOIN (SELECT ${DAY} + ${block * HOURS_AT_ONCE * 3600} + 60 * number AS t FROM numbers(${HOURS_AT_ONCE * 60})) AS minutes) AS rows
    INNER JOIN (${sketches}) AS sketches ON rows.k = sketches.k`,
  );
  return [
    ...minutes,
    `
    INSERT INTO service_per_hour
    SELECT model, version, segment, toStartOfHour(t) AS hour, sum(requests), sum(errors), sum(latency_count),
      quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(latency), sum(score_count), sum(score_sum)
    FROM service_per_minute GROUP BY model, version, segment, hour`,
  ];
}

/** Each earlier day is like the last; segments only of the model that is looked at, because no panel reads those of all. */
function monthOfService(): string {
  return `INSERT INTO service_per_hour
    SELECT model, version, segment, t - 86400 * d, requests, errors, latency_count, latency, score_count, score_sum
    FROM service_per_hour CROSS JOIN (SELECT 1 + number AS d FROM numbers(${DAYS - 1})) AS days
    WHERE segment = '' OR model = '${MODEL}'`;
}

const DAYS_OF_SERVICE = `INSERT INTO service_per_day
  SELECT model, version, toStartOfDay(t) AS day, sum(requests), sum(errors), min(t), max(t) + INTERVAL 59 MINUTE, sum(latency_count),
    quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(latency), sum(score_count)
  FROM service_per_hour WHERE segment = '' GROUP BY model, version, day`;

/** In the order of time, as the minute loop writes; and its hours as the loop sums them up, each earlier day like the last. */
function monthOfSignals(): readonly string[] {
  const names = (list: readonly string[]): string => `[${list.map((name) => `'${name}'`).join(', ')}]`;
  const minutes = Array.from(
    { length: 24 / HOURS_AT_ONCE },
    (_, block) => `
    INSERT INTO signals
    SELECT ${DAY} + ${block * HOURS_AT_ONCE * 3600} + 60 * minute, s.1, concat('model_', toString(m)), '', s.2, '', s.3, (cityHash64(s.1, m, minute) % 1000) / 1000, 'ok', ${DAY}
    FROM (SELECT number AS minute FROM numbers(${HOURS_AT_ONCE * 60})) AS minutes CROSS JOIN (SELECT number AS m FROM numbers(${MODELS})) AS models
    ARRAY JOIN arrayConcat(
      arrayMap(name -> (name, '', ''), ${names(MODEL_SIGNALS)}),
      arrayFlatten(arrayMap(f -> arrayMap(name -> (name, concat('feature_', toString(f)), ''), ${names(FEATURE_SIGNALS)}), range(${FEATURES}))),
      arrayMap(name -> (name, '', concat('GPU-', toString(m))), ${names(GPU_SIGNALS)})) AS s`,
  );
  return [
    ...minutes,
    `INSERT INTO signals_per_hour
    SELECT toStartOfHour(t) AS hour, signal, model, version, feature, segment, gpu, count(), avg(value), min(value), max(value), argMax(value, t), max(t), ${DAY}
    FROM signals_by_day GROUP BY hour, signal, model, version, feature, segment, gpu`,
    `INSERT INTO signals_per_hour
    SELECT t - 86400 * d, signal, model, version, feature, segment, gpu, n, mean, least, most, newest, newest_t - 86400 * d, rolled_at
    FROM signals_per_hour CROSS JOIN (SELECT 1 + number AS d FROM numbers(${DAYS - 1})) AS days`,
  ];
}

function theRest(): readonly string[] {
  const all = `FROM (SELECT number AS m FROM numbers(${MODELS})) AS models`;
  return [
    `INSERT INTO feature_grids SELECT m * 100 + f, concat('model_', toString(m)), concat('feature_', toString(f)), 'numeric', 0, 1, 0, 1,
       arrayMap(i -> toFloat64(i), range(250)), arrayMap(i -> toUInt8(least(9, intDiv(i, 25))), range(250)), [], ${DAY}, ${DAY}, 1
     ${all} CROSS JOIN (SELECT number AS f FROM numbers(${FEATURES})) AS features`,
    `INSERT INTO feature_histogram SELECT 701, '1', ${DAY} + 86400 - 300 * number, bin, 20 FROM numbers(${DAYS * 288}) AS times CROSS JOIN (SELECT arrayJoin(range(250)) AS bin) AS bins`,
    `INSERT INTO reference_profiles SELECT concat('model_', toString(m)), 0, m * 100 + f, 1, arrayMap(i -> 100, range(256)), [], ${DAY} ${all} CROSS JOIN (SELECT number AS f FROM numbers(${FEATURES})) AS features`,
    `INSERT INTO drift_results (model, feature, kind, window_from, window_to, final, n_reference, n_current, psi_corrected, level, evaluated_at)
     SELECT concat('model_', toString(m)), concat('feature_', toString(f)), 'numeric', ${DAY} + 86400 - 3600 * (h + 1), ${DAY} + 86400 - 3600 * h, 1, 100000, 10000, 0.02, 'stable', ${DAY}
     ${all} CROSS JOIN (SELECT number AS f FROM numbers(${FEATURES})) AS features CROSS JOIN (SELECT number AS h FROM numbers(${DAYS * 24})) AS hours`,
    `INSERT INTO alert_history (at, alert, scope_key, model, transition, severity, episode, summary)
     SELECT ${DAY} + 86400 - 600 * number + 300 * (k = 'resolved'), concat('Alert', toString(number % 20)), toString(number), concat('model_', toString(number % ${MODELS})), k,
       ['info', 'warning', 'critical'][1 + number % 3], toString(number), 'summary' FROM numbers(${DAYS * 144}) ARRAY JOIN ['firing', 'resolved'] AS k`,
    `INSERT INTO alert_states (alert, scope_key, model, state, severity, values, summary, revision) SELECT concat('Alert', toString(a)), toString(m), concat('model_', toString(m)),
       ['firing', 'pending', 'resolved', 'inactive', 'inactive'][1 + (a + m) % 5], ['info', 'warning', 'critical'][1 + a % 3], map('latency_p99_seconds', 0.3, 'requests_per_second', 3.3), 'summary', 1
     ${all} CROSS JOIN (SELECT number AS a FROM numbers(20)) AS alerts`,
    `INSERT INTO business_metrics (metric, model, ts, value, received) SELECT 'revenue_usd', concat('model_', toString(m)), ${DAY} + 60 * n, 100 + n % 50, ${DAY}
     ${all} CROSS JOIN (SELECT number AS n FROM numbers(1440)) AS minutes`,
    `INSERT INTO change_events (ts, kind, title, model, version, received) SELECT ${DAY} + 50000 - 86400 * d, 'deploy', concat('deploy ', toString(d)), concat('model_', toString(m)), '1', ${DAY}
     ${all} CROSS JOIN (SELECT number AS d FROM numbers(${DAYS})) AS days`,
    `INSERT INTO gpu_samples SELECT ${DAY} + 15 * n, s, concat('GPU-', toString(m)), 'node', 'serving', concat('pod-', toString(m)), concat('model_', toString(m)), 1, 0.5
     FROM (SELECT number AS n FROM numbers(5760)) AS times CROSS JOIN (SELECT number AS m FROM numbers(${MODELS})) AS models ARRAY JOIN ['gpu_utilization_ratio', 'gpu_sm_active_ratio', 'gpu_memory_used_ratio'] AS s`,
    `INSERT INTO predictions (prediction_id, ts, model, version, numbers, score, latency_ms, status, received)
     SELECT toString(number), ${DAY} + number * 86400 / ${PREDICTIONS_A_DAY / MODELS}, '${MODEL}', if(number % 10 = 0, '2', '1'), map('feature_0', number % 97), 0.5, 20, 'ok', ${DAY}
     FROM numbers(${PREDICTIONS_A_DAY / MODELS})`,
    `INSERT INTO labels SELECT toString(number), '${MODEL}', ${DAY} + number * 86400 / ${PREDICTIONS_A_DAY / MODELS}, number % 2, '', ${DAY} + 80000 FROM numbers(${PREDICTIONS_A_DAY / MODELS})`,
    `INSERT INTO ingest_receipts (receipt, received, accepted, rejected, late, delay_ms) SELECT number, ${DAY} + number, 500, 1, 1, 1000 FROM numbers(86400)`,
    `INSERT INTO dead_letters (received, kind, receipt, line_no, field, reason, line) SELECT ${DAY} + number, 'predictions', number, 1, 'ts', 'is required', '{}' FROM numbers(86400)`,
  ];
}
