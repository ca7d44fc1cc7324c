import { pino } from 'pino';
import type { FastifyInstance } from 'fastify';
import type { DriftReport } from '../../src/analysis/drift/report.ts';
import { guard } from '../../src/api/auth.ts';
import type { PagesDependencies } from '../../src/api/pages/pages-dependencies.ts';
import { registerPages } from '../../src/api/pages/register-pages.ts';
import type { DriftRequest } from '../../src/api/read/read-dependencies.ts';
import { registerReadRoutes } from '../../src/api/read/register-read-routes.ts';
import { createServer } from '../../src/api/server.ts';
import { FakeClock } from '../../src/core/clock.ts';
import type { Store } from '../../src/store/store.ts';
import { sendRecords } from './send-records.ts';

export const START = Date.parse('2026-03-02T00:00:00Z'); // Monday of ISO week 2026-W10
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** The last prediction is at START + 14 d - 10 min; it is then half past midnight. */
export const NOW = START + 14 * DAY + HOUR / 2;
export const MODEL = 'team/late-flights:eu';
export const EPISODE = `GpuSaturated/${MODEL}/2026-03-15T20:00Z`;
/** What data may hold and no page may pass on. */
export const HOSTILE_FEATURE = '<script>alert("1")</script>';
export const HOSTILE_TITLE = `deploy '"><img src=x onerror=alert(2)>`;

export interface ApiFixture {
  readonly app: FastifyInstance;
  readonly clock: FakeClock;
  readonly driftRequests: DriftRequest[];
}

/** Returns a server with the read routes and pages over a store; a token guards it when one is given. */
export async function startApi(
  store: Store,
  tokens: Parameters<typeof guard>[0] = [],
  patience: Partial<Pick<PagesDependencies, 'patienceMs' | 'wallClock'>> = {},
): Promise<ApiFixture> {
  const clock = new FakeClock(NOW);
  const driftRequests: DriftRequest[] = [];
  const app = await createServer({ logger: pino({ level: 'silent' }), version: '0.0.0' });
  const deps = {
    store,
    clock,
    wallClock: clock,
    guard: guard(tokens),
    models: [
      { name: MODEL, owner: 'Flight team <ops@example.org>', slo: { latency_p99_seconds: 0.05, accuracy: 0.9 } },
    ],
    driftForRange: async (request: DriftRequest) => {
      driftRequests.push(request);
      return report(request);
    },
  };
  await registerReadRoutes(app, deps);
  await registerPages(app, { ...deps, ...patience });
  await app.ready();
  return { app, clock, driftRequests };
}

/** Two weeks of a classifier with everything a page can show, and a model that has only sent ten predictions. */
export async function seed(store: Store): Promise<void> {
  await sendRecords(store, 'predictions', [...predictions(), ...quietPredictions()]);
  await sendRecords(store, 'labels', labels());
  await sendRecords(store, 'business', business());
  await sendRecords(store, 'events', [
    {
      ts: START + 13 * DAY + 19 * HOUR,
      kind: 'deploy',
      title: HOSTILE_TITLE,
      model: MODEL,
      version: '10',
      url: 'javascript:alert(3)',
    },
    { ts: START + 13 * DAY + 10 * HOUR, kind: 'config', title: 'long before', url: 'https://example.org/change/1' },
  ]);
  await store.insert('drift_results', driftRows());
  await store.insert('signals', signalRows());
  await store.insert('gpu_samples', gpuRows());
  await store.insert('alert_history', alertHistory());
  await store.insert('alert_states', alertStates());
  await store.insert('model_references', [
    {
      model: MODEL,
      reference_version: 2,
      kind: 'fixed',
      spec: '{}',
      from_ts: iso(START),
      to_ts: iso(START + DAY),
      rows: 144,
      created: iso(START + DAY),
    },
  ]);
}

/** Every ten minutes one prediction; each 50th fails. */
export function predictions() {
  return Array.from({ length: 14 * 144 }, (_, i) => ({
    prediction_id: `p-${i}`,
    ts: START + i * 600_000,
    model: MODEL,
    version: i < 1000 ? '9' : '10',
    prediction: i % 3 === 0 ? 1 : 0,
    score: i % 3 === 0 ? 0.75 : 0.25,
    status: i % 50 === 49 ? 'error' : 'ok',
    latency_ms: i % 100 === 7 ? 80 : 10,
    features: { distance: i, [HOSTILE_FEATURE]: i % 2 === 0 ? 'a' : null },
    segments: { carrier: i % 4 === 0 ? '"><b>AA' : 'UA' },
    ...(i >= 13 * 144 + 120 ? { simulated: 'contention' } : {}),
  }));
}

function quietPredictions() {
  return Array.from({ length: 10 }, (_, i) => ({
    prediction_id: `q-${i}`,
    ts: START + i * 60_000,
    model: 'quiet',
    prediction: 1.5,
  }));
}

/** The first week is labelled: 9 of 10 labels agree; every other one names its model. */
function labels() {
  return predictions()
    .slice(0, 7 * 144)
    .map(({ prediction_id, ts, prediction }, i) => ({
      prediction_id,
      label: i % 10 === 0 ? 1 - prediction : prediction,
      label_ts: ts + 2 * HOUR,
      ...(i % 2 === 0 ? { model: MODEL } : {}),
    }));
}

function business() {
  return Array.from({ length: 24 }, (_, i) => ({
    ts: START + 13 * DAY + i * HOUR,
    metric: 'simulated_bookings_usd',
    model: MODEL,
    value: 1000 + i,
    labels: { source: 'simulated' },
  }));
}

function driftRows() {
  return Array.from({ length: 14 }, (_, dayIndex) => dayIndex).flatMap((dayIndex) =>
    (
      [
        ['distance', 'numeric', dayIndex === 13 ? 'major' : 'stable', dayIndex === 13 ? 0.4 : 0.004],
        [HOSTILE_FEATURE, 'categorical', 'negligible', 0.011],
        ['__score__', 'numeric', dayIndex < 7 ? 'insufficient_data' : 'minor', dayIndex < 7 ? undefined : 0.03],
        ['rare', 'categorical', 'insufficient_data', undefined],
      ] as const
    ).map(([feature, kind, level, psi]) => ({
      model: MODEL,
      version: '',
      feature,
      segment: '',
      kind,
      window_from: (START + (dayIndex - 0.5) * DAY) / 1000,
      window_to: (START + (dayIndex + 0.5) * DAY) / 1000,
      final: 1,
      reference_version: 2,
      n_reference: 144,
      n_current: 144,
      missing_reference: 0,
      missing_current: 0,
      unseen: 0,
      // As they are written: without enough data there is no PSI, without an order no distance.
      psi: psi === undefined ? 'nan' : psi + 0.01,
      psi_noise: psi === undefined ? 'nan' : 0.01,
      psi_corrected: psi ?? 'nan',
      ks: kind === 'numeric' ? 0.05 : 'nan',
      ks_error: kind === 'numeric' ? 0.001 : 'nan',
      ks_corrected: kind === 'numeric' && psi !== undefined ? 0.04 : 'nan',
      p_value: psi === undefined ? 'nan' : 0.01,
      p_adjusted: psi === undefined ? 'nan' : 0.02,
      js_distance: 0.05,
      level,
      reason: 'PSI & KS',
      explain: '{}',
      evaluated_at: iso(NOW),
    })),
  );
}

function signalRows() {
  const row = (signal: string, atMs: number, value: number | null, more: Readonly<Record<string, string>> = {}) => ({
    t: atMs / 1000,
    signal,
    model: MODEL,
    version: '',
    feature: '',
    segment: '',
    gpu: '',
    value: value ?? 'nan',
    state: value === null ? 'no_data' : 'ok',
    evaluated_at: iso(NOW),
    ...more,
  });
  const evening = START + 13 * DAY + 19 * HOUR;
  const minutes = Array.from({ length: 150 }, (_, i) => evening + i * 60_000);
  return [
    ...minutes.flatMap((atMs, i) => [
      row('latency_p99_seconds', atMs, i === 3 ? null : i > 60 && i < 90 ? 0.09 : 0.01),
      row('slo_latency_p99_seconds', atMs, 0.05),
      row('gpu_utilization_ratio', atMs, i > 60 && i < 90 ? 0.97 : 0.4),
      row('gpu_utilization_ratio', atMs, 0.4, { gpu: 'GPU-1' }),
      row('feature_psi', atMs, 0.2, { feature: 'distance' }),
    ]),
    row('accuracy', START + 7 * DAY, 0.9),
    row('label_coverage_ratio', START + 7 * DAY, 0.98),
  ];
}

function gpuRows() {
  return Array.from({ length: 24 * 12 }, (_, i) => ({
    ts: iso(START + 13 * DAY + i * 300_000),
    signal: 'gpu_utilization_ratio',
    gpu: 'GPU-1',
    node: 'gpu-node',
    namespace: 'ml',
    pod: 'late-flights-simulated-0',
    model: MODEL,
    weight: 1,
    value: 0.5,
  }));
}

function alertHistory() {
  const base = {
    alert: 'GpuSaturated',
    scope_key: MODEL,
    model: MODEL,
    severity: 'critical',
    episode: EPISODE,
    written_at: iso(NOW),
  };
  const values = { gpu_utilization_ratio: 0.97, latency_p99_seconds: 0.09 };
  const at = START + 13 * DAY + 20 * HOUR;
  return [
    { ...base, at: iso(at), transition: 'pending', values, summary: '' },
    { ...base, at: iso(at + 300_000), transition: 'firing', values, summary: 'GPU 97 % <b>and</b> p99 90 ms' },
    { ...base, at: iso(at + 1_800_000), transition: 'resolved', values, summary: '' },
  ];
}

function alertStates() {
  const never = iso(0);
  const at = START + 13 * DAY + 20 * HOUR;
  const row = (alert: string, state: string, firing: boolean, resolved: boolean) => ({
    alert,
    scope_key: MODEL,
    model: MODEL,
    labels: {},
    state,
    severity: 'critical',
    episode: alert === 'GpuSaturated' ? EPISODE : `${alert}/${MODEL}/x`,
    pending_since: iso(at),
    firing_since: firing ? iso(at + 300_000) : never,
    last_true: iso(at + 600_000),
    resolved_at: resolved ? iso(at + 1_800_000) : never,
    values: { gpu_utilization_ratio: 0.97 },
    summary: 'GPU 97 %',
    revision: 1,
    evaluated_minute: NOW / 1000,
    written_at: iso(NOW),
  });
  return [
    row('GpuSaturated', 'resolved', true, true),
    row('HoldsOn', 'keep_firing', true, false),
    row('Waits', 'pending', false, false),
    row('Gone', 'inactive', false, false),
  ];
}

function report(request: DriftRequest): DriftReport {
  return {
    profile: request.profile ?? 'robust',
    reference: { rows: 144, from: iso(START), to: iso(START + DAY) },
    windows: [
      {
        window: 'all',
        from: iso(request.fromMs ?? request.firstMs ?? request.toMs),
        to: iso(request.toMs),
        rows: 10,
        features: [],
        prediction: null,
        drifted: [],
        level: 'stable',
      },
    ],
    sql: [{ name: 'facts', sql: 'SELECT 1' }],
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
