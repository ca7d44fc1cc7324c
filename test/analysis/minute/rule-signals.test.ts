import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { writeRuleSignals } from '../../../src/analysis/minute/rule-signals.ts';
import { writeMinuteSignals } from '../../../src/analysis/minute/service-signals.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const MINUTE = 60_000;
const T0 = Date.parse('2026-04-01T12:00:00Z');
const trained = { model_age_seconds: { sinceMs: T0 + 7 * MINUTE } };
const constants = new Map([
  ['ranker', { slo_latency_p99_seconds: 0.05, slo_error_ratio: 0.01, ...trained }],
  ['without-objective', { declared_cost_per_hour_usd: 3 }],
]);
const range = { fromMs: T0, toMs: T0 + 10 * MINUTE };
let running: TestStore;

interface Batch {
  readonly minute: number;
  readonly count: number;
  readonly version: string;
  readonly failed?: number;
  readonly slow?: number;
  readonly model?: string;
}

/** Predictions of one minute, the first `failed` of them errors and the first `slow` of them at 90 ms. */
function predictions({ minute, count, version, failed = 0, slow = 0, model = 'ranker' }: Batch) {
  return Array.from({ length: count }, (_, i) => ({
    receipt: 1,
    line_no: i + 1,
    received: '2026-04-01 12:10:00.000',
    line_bytes: 100,
    line: JSON.stringify({
      prediction_id: `${model}-${version}-${minute}-${i}`,
      ts: T0 + minute * MINUTE + i,
      model,
      version,
      features: { x: i },
      status: i < failed ? 'error' : 'ok',
      latency_ms: i < slow ? 90 : 10,
    }),
  }));
}

const drift = (feature: string, missing: number, level: string) => ({
  model: 'ranker',
  feature,
  window_from: (T0 - 55 * MINUTE) / 1000,
  window_to: (T0 + 5 * MINUTE) / 1000,
  final: 0,
  n_current: 500,
  missing_reference: 0.1,
  missing_current: missing,
  level,
  evaluated_at: new Date(T0).toISOString(),
});

beforeAll(async () => {
  running = await startTestStore();
  const { store } = running;
  const old = Array.from({ length: 70 }, (_, index) => index - 60);
  await store.insert('ingest_predictions', [
    // An hour of version 1: no errors before minute 0, then 30 of 100 a minute, 20 of 100 slow.
    ...old.flatMap((minute) =>
      predictions({ minute, count: 100, version: '1', ...(minute < 0 ? {} : { failed: 30, slow: 20 }) }),
    ),
    // Version 2 from minute 4 on.
    ...[4, 5, 6].flatMap((minute) => predictions({ minute, count: 50, version: '2', failed: 25 })),
    ...predictions({ minute: 2, count: 10, version: '1', model: 'without-objective', failed: 10 }),
  ]);
  await store.insert('drift_results', [
    drift('price', 0.4, 'stable'),
    drift('origin', 0.2, 'major'),
    drift('unimportant', 1, 'major'),
    drift('__score__', 1, 'major'),
  ]);
  await store.insert('change_events', [
    { ts: new Date(T0 + 4 * MINUTE).toISOString(), kind: 'deploy', title: 'v2', model: 'ranker', version: '2' },
    { ts: new Date(T0 + 6 * MINUTE).toISOString(), kind: 'config', title: 'x', model: 'ranker', version: '2' },
  ]);
  const metric = (name: string, ts: number, value: number) => ({
    metric: name,
    model: 'ranker',
    ts: new Date(ts).toISOString(),
    value,
    received: new Date(T0).toISOString(),
  });
  const lastWeek = T0 - 7 * 86_400_000;
  await store.insert('business_metrics', [
    metric('orders', T0, 40),
    metric('orders', lastWeek, 80),
    metric('visits', T0, 90),
    metric('visits', lastWeek, 100),
  ]);
  await store.insert('dead_letters', [
    { received: new Date(T0 + 1000).toISOString(), kind: 'predictions', reason: 'bad_json' },
  ]);
  const nowMs = T0 + 11 * MINUTE;
  const hour = { fromMs: T0 - 60 * MINUTE, toMs: T0 };
  await writeMinuteSignals({ store, range: hour, constants, nowMs });
  await writeRuleSignals({ store, range: hour, constants, importances: new Map(), nowMs });
  await writeMinuteSignals({ store, range, constants, nowMs });
  const importances = new Map([
    ['ranker', { price: 0.6, origin: 0.39, unimportant: 0.01 }],
    ['other', {}],
  ]);
  await writeRuleSignals({ store, range, constants, importances, nowMs, delayMs: 5000 });
});
afterAll(async () => {
  await running.stop();
});

/** The value of a signal by minute after T0. */
async function signal(name: string, options: { readonly model?: string; readonly version?: string } = {}) {
  const rows = await running.store.rows({
    name: 'test',
    sql: `SELECT toUInt32((t - toDateTime({t0:UInt32}, 'UTC')) / 60) AS minute, value FROM signals FINAL
      WHERE t >= toDateTime({t0:UInt32}, 'UTC') AND signal = {name:String} AND model = {model:String} AND version = {version:String} ORDER BY t`,
    parameters: { name, model: options.model ?? 'ranker', version: options.version ?? '', t0: T0 / 1000 },
  });
  const parsed = z.array(z.object({ minute: z.number(), value: z.number() })).parse(rows);
  return Object.fromEntries(parsed.map(({ minute, value }) => [minute, value]));
}

describe('the signals that rules rest on', () => {
  test('say how many times too fast errors use up their budget, weighted by traffic over each range', async () => {
    const five = await signal('error_budget_burn_5m');
    // Minutes -4 to 0: 30 of 500. Minutes 0 to 4: 150 + 25 of 550.
    expect(five[0]).toBeCloseTo(30 / 500 / 0.01, 9);
    expect(five[4]).toBeCloseTo(175 / 550 / 0.01, 9);
    expect((await signal('error_budget_burn_1h'))[0]).toBeCloseTo(30 / 6000 / 0.01, 9);
    expect((await signal('error_budget_burn_30m'))[9]).toBeCloseTo(375 / 3150 / 0.01, 9);
    expect((await signal('error_budget_burn_6h'))[9]).toBeCloseTo(375 / 7150 / 0.01, 9);
    expect(await signal('error_budget_burn_5m', { model: 'without-objective' })).toEqual({});
  });

  test('say it of slow predictions too, to one percent of the predictions', async () => {
    const five = await signal('latency_budget_burn_5m');
    expect(Math.abs((five[0] ?? 0) - 20 / 500 / 0.01)).toBeLessThanOrEqual(1);
    expect(Math.abs((five[3] ?? 0) - 80 / 500 / 0.01)).toBeLessThanOrEqual(1);
  });

  test('say in each minute how old the model was then, and what is constant where there is traffic', async () => {
    expect(await signal('model_age_seconds')).toEqual({ 6: 0, 7: 60, 8: 120, 9: 180 });
    expect(Object.values(await signal('slo_error_ratio'))).toEqual(Array(10).fill(0.01));
    expect(await signal('declared_cost_per_hour_usd', { model: 'without-objective' })).toEqual({ 2: 3 });
  });

  test('say how old the last deploy and each version is', async () => {
    const age = await signal('deploy_age_seconds');
    expect([age[2], age[4], age[9]]).toEqual([undefined, 60, 360]);
    expect(await signal('version_age_seconds', { version: '2' })).toEqual({ 4: 60, 5: 120, 6: 180 });
  });

  test('say what the older versions do beside a newer one, and nothing of the oldest', async () => {
    const errors = await signal('older_versions_error_ratio', { version: '2' });
    expect(errors).toEqual({ 4: 0.3, 5: 0.3, 6: 0.3 });
    const slow = await signal('older_versions_latency_p99_seconds', { version: '2' });
    expect(slow[5]).toBeCloseTo(0.09, 2);
    expect(await signal('older_versions_error_ratio', { version: '1' })).toEqual({});
  });

  test('name the worst of the important features and of the business metrics', async () => {
    const rise = await signal('missing_increase_ratio');
    expect(rise[4]).toBeCloseTo(0.3, 9);
    expect(await signal('important_drifted_features')).toEqual({ 4: 1 });
    expect(await signal('worst_business_ratio')).toEqual({ 0: 0.5 });
  });

  test('say of the whole fleet what was refused and how late minutes are evaluated', async () => {
    const ratio = await signal('dead_letter_ratio', { model: '' });
    expect([ratio[0], ratio[1]]).toEqual([1 / 101, 0]);
    expect((await signal('dead_letters_per_second', { model: '' }))[0]).toBeCloseTo(1 / 60, 12);
    expect(Object.values(await signal('evaluation_delay_seconds', { model: '' }))).toEqual(Array(10).fill(5));
  });
});
