import type { Store } from '../../src/store/store.ts';

export const FROM_MS = Date.parse('2026-11-20T10:00:00Z');
export const TO_MS = Date.parse('2026-11-20T11:00:00Z');
export const MODEL = 'late-flights';
export const VERSIONS = ['1', '2'] as const;

/**
 * Writes an hour of a fleet of two models. Every minute version 1 of the model of interest answers 120 requests, 6 of
 * them errors, and version 2 answers 60 without error, in 1, 2, ... 100 ms; the other model's numbers are all 999, and
 * what a later evaluation replaced is 555.
 */
export async function seedFleet(store: Store): Promise<void> {
  // Merged parts would hide a query that forgets to take the newest row.
  for (const name of ['signals', 'signals_by_day', 'drift_results', 'alert_history']) {
    await store.command({ name: 'stop_merges', sql: `SYSTEM STOP MERGES ${name}` });
  }
  const rows = [
    ...serviceRows(),
    ...signalRows(),
    ...scopedRows(),
    ...otherRows(),
    ...recordRows(),
    ...gridRows(),
    ...staleRows(),
  ];
  for (const [index, sql] of rows.entries()) {
    await store.command({ name: `seed_${index}`, sql });
  }
}

const START = "toDateTime('2026-11-20 10:00:00', 'UTC')";
const MINUTES = `(SELECT ${START} + INTERVAL number MINUTE AS minute, number AS n FROM numbers(60)) AS minutes`;

function serviceRows(): readonly string[] {
  const versions = [
    { model: MODEL, version: '1', requests: 120, errors: 6 },
    { model: MODEL, version: '2', requests: 60, errors: 0 },
    { model: 'other', version: '1', requests: 999, errors: 999 },
  ];
  return versions.flatMap(({ model, version, requests, errors }) =>
    ['', 'carrier=AA'].map(
      (segment) => `
        INSERT INTO service_per_minute
        SELECT '${model}', '${version}', '${segment}', minute, ${requests}, ${errors}, minute, minute, 100, 5050, 100,
          quantilesDDState(0.01, 0.5, 0.95, 0.99)(toFloat64(latency)), 100, 40
        FROM ${MINUTES} CROSS JOIN (SELECT number + 1 AS latency FROM numbers(100)) AS latencies GROUP BY minute`,
    ),
  );
}

/** Model-level signals and what each is worth in every minute. */
const MODEL_SIGNALS: Readonly<Record<string, number>> = {
  requests_per_second: 3,
  error_ratio: 0.033,
  latency_p99_seconds: 0.099,
  slo_latency_p99_seconds: 0.2,
  slo_error_ratio: 0.01,
  slo_accuracy: 0.8,
  gpu_utilization_ratio: 0.7,
  drift_score: 0.05,
  drifted_features: 1,
  prediction_psi: 0.07,
  accuracy: 0.9,
  f1: 0.6,
  auc: 0.75,
  log_loss: 0.4,
  mae: 3,
  rmse: 5,
  label_coverage_ratio: 0.95,
  model_age_seconds: 864_000,
  retrain_outcome: -1,
  drift_alarms: 1,
  feature_incidents: 0,
  missing_increase_ratio: 0.02,
  worst_business_ratio: 0.98,
  gpu_power_watts: 400,
  cost_per_hour_usd: 7,
  cost_per_thousand_predictions_usd: 0.65,
  llm_ttft_p50_seconds: 0.4,
  llm_ttft_p95_seconds: 0.8,
  llm_ttft_p99_seconds: 1.2,
  llm_inter_token_p50_seconds: 0.02,
  llm_inter_token_p95_seconds: 0.03,
  llm_inter_token_p99_seconds: 0.04,
  serving_queue_time_seconds: 0.1,
  llm_prefill_seconds: 0.3,
  llm_decode_seconds: 2,
  llm_queue_depth: 4,
  llm_kv_cache_ratio: 0.6,
  llm_preemptions_per_second: 0.1,
  llm_output_tokens_per_second: 800,
  error_budget_burn_1h: 3.3,
  error_budget_burn_6h: 3.3,
  latency_budget_burn_1h: 0.4,
  latency_budget_burn_6h: 0.4,
  business_bookings_usd: 1200,
  business_bookings_usd_vs_baseline_ratio: 0.98,
  business_conversion_ratio: 0.12,
};

/** The hours as the ingest path would have written them. */
const HOURS = `
  INSERT INTO service_per_hour
  SELECT model, version, segment, toStartOfHour(t) AS hour, sum(requests), sum(errors), sum(latency_count),
    quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(latency), sum(score_count), sum(score_sum)
  FROM service_per_minute GROUP BY model, version, segment, hour`;

/** The days as the ingest path would have written them. */
const DAYS = `
  INSERT INTO service_per_day
  SELECT model, version, toStartOfDay(t) AS day, sum(requests), sum(errors), min(first_ts), max(last_ts), sum(latency_count),
    quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(latency), sum(score_count)
  FROM service_per_minute WHERE segment = '' GROUP BY model, version, day`;

function signalRows(): readonly string[] {
  const row = (model: string, signal: string, value: string): string => `
    INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
    SELECT minute, '${signal}', '${model}', '', '', '', '', ${value}, 'ok', minute FROM ${MINUTES}`;
  return [
    ...Object.entries(MODEL_SIGNALS).flatMap(([signal, value]) => [
      row(MODEL, signal, String(value)),
      row('other', signal, '999'),
    ]),
    // A version's own row and a minute without data: neither may be shown.
    `INSERT INTO signals SELECT minute, 'accuracy', '${MODEL}', '2', '', '', '', 888, 'ok', minute FROM ${MINUTES}`,
    `INSERT INTO signals SELECT minute, 'auc', '${MODEL}', '', '', '', '', nan, 'no_data', minute + 1 FROM ${MINUTES} WHERE n < 10`,
    `INSERT INTO signals
     SELECT minute, 'feature_psi', '${MODEL}', '', concat('feature_', toString(f)), '', '', f / 100, 'ok', minute
     FROM ${MINUTES} CROSS JOIN (SELECT number AS f FROM numbers(30)) AS features`,
  ];
}

const GPU_SIGNALS: Readonly<Record<string, number>> = {
  gpu_utilization_ratio: 0.7,
  gpu_sm_active_ratio: 0.4,
  gpu_tensor_active_ratio: 0.2,
  gpu_memory_bandwidth_ratio: 0.3,
  gpu_memory_used_ratio: 0.5,
  gpu_temperature_celsius: 61,
  gpu_power_watts: 400,
  gpu_throttled_ratio: 0.01,
  gpu_pcie_bytes_per_second: 2e9,
  gpu_xid_changes: 1,
};

/** Signals of features, of GPUs and of the whole fleet. */
function scopedRows(): readonly string[] {
  const of = (signal: string, model: string, labels: string, value: number): string =>
    `INSERT INTO signals SELECT minute, '${signal}', '${model}', '', ${labels}, ${value}, 'ok', minute FROM ${MINUTES}`;
  return [
    ...['feature_ks', 'feature_missing_ratio', 'feature_unseen_ratio', 'feature_incidents'].flatMap((signal) => [
      of(signal, MODEL, "'feature_1', '', ''", 0.1),
      of(signal, 'other', "'feature_1', '', ''", 999),
    ]),
    ...Object.entries(GPU_SIGNALS).flatMap(([signal, value]) =>
      ['GPU-1', 'GPU-2'].map((gpu) => of(signal, MODEL, `'', '', '${gpu}'`, value)),
    ),
    of('evaluation_delay_seconds', '', "'', '', ''", 8),
    of('dead_letter_ratio', '', "'', '', ''", 0.01),
  ];
}

/** What became of records, labels and messages. */
function recordRows(): readonly string[] {
  return [
    HOURS,
    DAYS,
    `INSERT INTO dead_letters (received, kind, receipt, line_no, field, reason, line)
     SELECT minute, 'predictions', 1, n, 'ts', 'is required', '{}' FROM ${MINUTES}`,
    `INSERT INTO ingest_receipts (receipt, received, accepted, rejected, late, oldest_ts, newest_ts, delay_ms)
     SELECT n, minute, 100, 1, 2, minute, minute, 500 FROM ${MINUTES}`,
    `INSERT INTO labels (prediction_id, model, label_ts, label_number, label_class, received)
     SELECT toString(n), '${MODEL}', minute - 60, 1, '', minute FROM ${MINUTES}`,
    ...['ours', 'other'].map(
      (whose) => `INSERT INTO serving_samples (measure, runtime, model, version, part, outcome, series, le, ts, value)
        SELECT 'ttft_bucket', 'vllm', '${whose === 'ours' ? MODEL : whose}', '', '', '', 1, le, minute, ${whose === 'ours' ? 1 : 999} * (n + 1) * transform(le, [0.1, 0.5, inf], [2, 5, 6], 0)
        FROM ${MINUTES} CROSS JOIN (SELECT arrayJoin([0.1, 0.5, inf]) AS le) AS bounds`,
    ),
    `INSERT INTO page_acknowledgements (episode, dedup_key, responder, at)
     VALUES ('e1', 'plumbline/Slow/${MODEL}', 'ana', '2026-11-20 10:27:00'), ('e1', 'plumbline/Slow/${MODEL}', 'joe', '2026-11-20 10:35:00'),
            ('e4', 'plumbline/Slow/other', 'ana', '2026-11-20 10:59:00')`,
    `INSERT INTO silences (id, matchers, comment, created_by, starts, ends, removed, updated)
     VALUES ('s1', '[{"name":"alert","value":"Slow"},{"name":"model","value":"o.*","isRegex":true,"isEqual":false}]', 'known', 'ana', '2026-11-20 10:30:00', '2026-11-20 12:00:00', 0, '2026-11-20 10:30:00'),
            ('s2', '[]', 'over', 'ana', '2026-11-20 10:00:00', '2026-11-20 10:30:00', 0, '2026-11-20 10:00:00'),
            ('s3', '[]', 'removed', 'ana', '2026-11-20 10:00:00', '2026-11-20 12:30:00', 0, '2026-11-20 10:00:00'),
            ('s3', '[]', 'removed', 'ana', '2026-11-20 10:00:00', '2026-11-20 12:30:00', 1, '2026-11-20 10:10:00')`,
    `INSERT INTO avoided_alarms (alert, scope_key, model, clause, since, minutes, updated)
     VALUES ('Slow', '${MODEL}', '${MODEL}', 'latency high', '2026-11-20 10:05:00', 7, '2026-11-20 10:12:00'),
            ('Slow', '${MODEL}', '${MODEL}', 'latency high', '2026-11-20 10:45:00', 3, '2026-11-20 10:48:00'),
            ('Slow', 'other', 'other', 'latency high', '2026-11-20 10:45:00', 999, '2026-11-20 10:48:00')`,
    `INSERT INTO outbox (delivery_id, target, dedup_key, action, body, state, occurred, created, updated, revision)
     VALUES ('d1', 'pagerduty', 'k', 'trigger', '{}', 'delivered', '2026-11-20 10:25:00', '2026-11-20 10:25:01', '2026-11-20 10:25:03', 2),
            ('d1', 'pagerduty', 'k', 'trigger', '{}', 'pending', '2026-11-20 10:25:00', '2026-11-20 10:25:01', '2026-11-20 10:25:01', 1)`,
  ];
}

/** One numeric and one categorical feature with their bins, reference and counts; values have moved up by five bins. */
function gridRows(): readonly string[] {
  const histogram = (grid: number, bins: string): string =>
    `INSERT INTO feature_histogram SELECT ${grid}, version, minute, bin, 10 FROM ${MINUTES} CROSS JOIN (SELECT arrayJoin(${bins}) AS bin) AS b CROSS JOIN (SELECT arrayJoin(['1', '2']) AS version) AS v WHERE n % 5 = 0`;
  const profile = (grid: number, first: number, last: number): string =>
    `INSERT INTO reference_profiles SELECT '${MODEL}', 0, ${grid}, 1, arrayMap(i -> if(i >= ${first} AND i <= ${last}, 100, 0), range(256)), [], ${START}`;
  return [
    `INSERT INTO feature_grids SELECT 1, '${MODEL}', 'feature_1', 'numeric', 0, 1, 0, 1,
       arrayMap(i -> toFloat64(i), range(250)), arrayMap(i -> toUInt8(least(9, intDiv(i, 25))), range(250)), [], ${START}, ${START}, 1`,
    `INSERT INTO feature_grids SELECT 2, '${MODEL}', 'feature_2', 'categorical', 0, 0, 0, 0,
       [], arrayMap(i -> toUInt8(if(i > 3, 0, i)), range(250)), ['AA', 'UA', 'DL'], ${START}, ${START}, 1`,
    histogram(1, 'range(5, 105)'),
    histogram(2, 'range(0, 3)'),
    profile(1, 0, 99),
    profile(2, 1, 3),
  ];
}

function otherRows(): readonly string[] {
  return [
    `INSERT INTO gpu_samples (ts, signal, gpu, node, namespace, pod, model, weight, value)
     SELECT minute, signal, gpu, 'gpu-1', 'serving', 'late-flights-0', '${MODEL}', 1, value
     FROM ${MINUTES} CROSS JOIN (SELECT arrayJoin(['GPU-1', 'GPU-2']) AS gpu) AS g
     CROSS JOIN (SELECT arrayJoin([('gpu_utilization_ratio', 0.7), ('gpu_sm_active_ratio', 0.4), ('gpu_memory_used_ratio', 0.5)]) AS pair, pair.1 AS signal, pair.2 AS value) AS s`,
    `INSERT INTO drift_results (model, feature, kind, window_from, window_to, final, n_reference, n_current, psi_corrected, ks_corrected, level, reason, evaluated_at)
     SELECT '${MODEL}', concat('feature_', toString(number % 3)), 'numeric', ${START} - 3600 * (number >= 3), ${START} + 1800 * (number < 3), 1, 1000, 100, number / 10, nan, 'minor', 'moved', ${START}
     FROM numbers(6)`,
    `INSERT INTO drift_results (model, feature, kind, window_from, window_to, final, psi_corrected, level)
     VALUES ('${MODEL}', 'feature_0', 'numeric', '2026-11-20 09:50:00', '2026-11-20 10:50:00', 0, 999, 'major'),
            ('${MODEL}', 'feature_9', 'numeric', '2026-11-20 09:50:00', '2026-11-20 10:50:00', 0, 0.01, 'stable'),
            ('${MODEL}', '__score__', 'numeric', '2026-11-20 09:50:00', '2026-11-20 10:50:00', 0, 0, 'insufficient_data')`,
    // More features than a picture has rows, the later ones further from their reference.
    `INSERT INTO drift_results (model, feature, kind, window_from, window_to, final, psi_corrected, level, evaluated_at)
     SELECT '${MODEL}', concat('feature_', toString(number)), 'numeric', '2026-11-20 09:50:00', '2026-11-20 10:50:00', 0, number / 100, 'minor', ${START} FROM numbers(10, 21)`,
    `INSERT INTO change_events (ts, kind, title, model, version, url)
     VALUES ('2026-11-20 10:10:00', 'deploy', 'Version 2 out', '${MODEL}', '2', 'https://ci.example/7'),
            ('2026-11-20 10:11:00', 'retrain', 'Weekly retrain', '${MODEL}', '2', ''),
            ('2026-11-20 10:12:00', 'node', 'Kernel update', '', '', ''),
            ('2026-11-20 10:13:00', 'deploy', 'Not ours', 'other', '1', '')`,
    `INSERT INTO alert_history (at, alert, scope_key, model, transition, severity, episode, summary)
     VALUES ('2026-11-20 10:20:00', 'Slow', '${MODEL}', '${MODEL}', 'pending', 'critical', 'e1', ''),
            ('2026-11-20 10:25:00', 'Slow', '${MODEL}', '${MODEL}', 'firing', 'critical', 'e1', 'too slow'),
            ('2026-11-20 10:40:00', 'Slow', '${MODEL}', '${MODEL}', 'resolved', 'critical', 'e1', 'fine again'),
            ('2026-11-20 10:50:00', 'Drifted', '${MODEL}', '${MODEL}', 'firing', 'warning', 'e2', 'drifted'),
            ('2026-11-20 10:51:00', 'Almost', '${MODEL}', '${MODEL}', 'pending', 'warning', 'e3', ''),
            ('2026-11-20 10:52:00', 'Slow', 'other', 'other', 'firing', 'critical', 'e4', 'not ours'),
            ('2026-11-20 10:30:00', 'EvaluationLagging', '', '', 'firing', 'warning', 'e5', 'late')`,
  ];
}

/** An earlier evaluation of everything. */
function staleRows(): readonly string[] {
  return [
    `INSERT INTO signals
     SELECT t, signal, model, version, feature, segment, gpu, 555, 'ok', evaluated_at - 3600 FROM signals FINAL WHERE state = 'ok' AND model = '${MODEL}'`,
    `INSERT INTO drift_results
     SELECT * REPLACE (555 AS psi_corrected, evaluated_at - 3600 AS evaluated_at) FROM drift_results WHERE evaluated_at > toDateTime(3600)`,
  ];
}
