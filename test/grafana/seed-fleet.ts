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
  for (const name of ['signals', 'drift_results', 'alert_history']) {
    await store.command({ name: 'stop_merges', sql: `SYSTEM STOP MERGES ${name}` });
  }
  for (const [index, sql] of [...serviceRows(), ...signalRows(), ...otherRows(), ...staleRows()].entries()) {
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
          quantilesDDState(0.01, 0.5, 0.95, 0.99)(toFloat64(latency)), 0, 0
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
  business_bookings_usd: 1200,
  business_bookings_usd_vs_baseline_ratio: 0.98,
  business_conversion_ratio: 0.12,
};

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
            ('2026-11-20 10:52:00', 'Slow', 'other', 'other', 'firing', 'critical', 'e4', 'not ours')`,
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
