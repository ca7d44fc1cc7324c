import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { writeRegistryAges } from '../../../src/analysis/minute/model-age.ts';
import { mlflowRegistrySchema } from '../../../src/collectors/registry/config.ts';
import { RegistryCollector } from '../../../src/collectors/registry/registry-collector.ts';
import { FakeClock } from '../../../src/core/clock.ts';
import { CollectorHealth } from '../../../src/telemetry/collector-health.ts';
import { sendRecords } from '../../api/send-records.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { MlflowStandIn, modelVersion } from './mlflow-stand-in.ts';

const NOON = Date.parse('2026-05-01T12:00:00Z');
const MINUTE = 60_000;
const DAY = 86_400_000;
const logger = pino({ level: 'silent' });

let running: TestStore;
const mlflow = new MlflowStandIn();
let clock: FakeClock;
let health: CollectorHealth;
beforeAll(async () => {
  running = await startTestStore();
  await mlflow.start();
});
afterAll(async () => {
  await mlflow.stop();
  await running.stop();
});
beforeEach(() => {
  clock = new FakeClock(NOON);
  health = new CollectorHealth({ telemetry: running.telemetry, logger, clock });
});
afterEach(async () => {
  mlflow.broken = undefined;
  mlflow.versions.clear();
  mlflow.runs.clear();
  for (const table of ['model_trainings', 'signals', 'service_per_minute'])
    await running.store.command({ name: 'clean', sql: `TRUNCATE TABLE ${table}` });
});

function collect(more: Partial<z.input<typeof mlflowRegistrySchema>> = {}): RegistryCollector {
  const registry = mlflowRegistrySchema.parse({ url: mlflow.url, name: 'fraud-scorer', ...more });
  const { store, telemetry } = running;
  const models = [{ model: 'fraud', registry }];
  return new RegistryCollector({ models, store, telemetry, health, logger, clock, fetch });
}

/** The age of the model at the minutes from `fromMs` on, as state or days. */
async function ages(fromMs: number, minutes: number): Promise<readonly unknown[]> {
  const { store } = running;
  const models = [{ model: 'fraud', freshMs: 15 * MINUTE }];
  const range = { fromMs, toMs: fromMs + minutes * MINUTE };
  await writeRegistryAges({ store, models, range, nowMs: clock.now() });
  const rows = await store.rows({
    name: 'ages',
    sql: "SELECT value, state FROM signals FINAL WHERE signal = 'model_age_seconds' AND model = 'fraud' AND t >= {from:DateTime} ORDER BY t",
    parameters: { from: new Date(fromMs).toISOString().slice(0, 19).replace('T', ' ') },
  });
  return z
    .array(z.object({ value: z.number().nullable(), state: z.string() }))
    .parse(rows)
    .map(({ value, state }) => (state === 'ok' ? value : state));
}

async function serve(version: string): Promise<void> {
  const ts = NOON - 10 * MINUTE;
  await sendRecords(running.store, 'predictions', [{ prediction_id: `p${version}`, ts, model: 'fraud', version }]);
}

test('the age is that of the version that serves, since its run ended', async () => {
  await serve('7');
  const created = { run_id: 'abcd1234' };
  mlflow.versions.set('fraud-scorer 7', modelVersion('7', NOON - DAY, created));
  mlflow.versions.set('fraud-scorer champion', modelVersion('8', NOON - MINUTE));
  mlflow.runs.set('abcd1234', {
    run_id: 'abcd1234',
    start_time: 1,
    end_time: String(NOON - 2 * DAY),
    status: 'FINISHED',
  });
  await collect({ alias: 'champion', token: 'registry-token' }).runOnce();
  expect(mlflow.authorizations.at(-1)).toBe('Bearer registry-token');
  expect(mlflow.asked.slice(-2)).toEqual([
    '/api/2.0/mlflow/model-versions/get?name=fraud-scorer&version=7',
    '/api/2.0/mlflow/runs/get?run_id=abcd1234',
  ]);
  expect(await ages(NOON, 2)).toEqual([2 * 86_400 + 60, 2 * 86_400 + 120]);
  expect(health.states()).toMatchObject([{ collector: 'registry:fraud', up: true }]);
});

test('the alias says which version serves when predictions carry another name, and a version without a run counts from its making', async () => {
  await serve('2026-04-blue');
  mlflow.versions.set('fraud-scorer champion', modelVersion('8', NOON - 3 * DAY, { run_id: 'running' }));
  mlflow.runs.set('running', { run_id: 'running', end_time: null });
  await collect({ alias: 'champion' }).runOnce();
  expect(await ages(NOON, 1)).toEqual([3 * 86_400 + 60]);
});

test('a new version makes the model young again, and history keeps what was known then', async () => {
  mlflow.versions.set('fraud-scorer champion', modelVersion('8', NOON - 3 * DAY));
  const collector = collect({ alias: 'champion' });
  await collector.runOnce();
  clock.advance(5 * MINUTE);
  mlflow.versions.set('fraud-scorer champion', modelVersion('9', NOON + 4 * MINUTE));
  await collector.runOnce();
  expect(await ages(NOON + 3 * MINUTE, 3)).toEqual([3 * 86_400 + 240, 60, 120]);
});

test.each([
  ['does not answer', { status: 500, body: 'oops' }, /HTTP status 500/],
  ['refuses', { status: 403, body: '{"error_code":"PERMISSION_DENIED","message":"no"}' }, /PERMISSION_DENIED no/],
  ['talks nonsense', { status: 200, body: '{"model_version":{}}' }, /not as documented/],
])('while the registry %s the age is unknown after a while, and nothing else happens', async (_, broken, detail) => {
  mlflow.versions.set('fraud-scorer champion', modelVersion('8', NOON - DAY));
  const collector = collect({ alias: 'champion' });
  await collector.runOnce();
  mlflow.broken = broken;
  clock.advance(10 * MINUTE);
  await collector.runOnce();
  expect(health.states()).toMatchObject([{ up: false, detail: expect.stringMatching(detail) }]);
  expect(await ages(NOON + 14 * MINUTE, 3)).toEqual([86_400 + 900, 86_400 + 960, 'no_data']);
});

test('a model that the registry never told anything about has no age', async () => {
  const collector = collect();
  await collector.runOnce();
  expect(await ages(NOON, 1)).toEqual(['no_data']);
  expect(health.states()[0]?.detail).toMatch(
    /which version of fraud-scorer serves: no version has served within the hour and no alias is configured/,
  );
});

test('a registry is asked once per interval', async () => {
  const collector = collect({ alias: 'champion' });
  await collector.runOnce();
  const asked = mlflow.asked.length;
  clock.advance(4 * MINUTE);
  await collector.runOnce();
  expect(mlflow.asked.length).toBe(asked);
  clock.advance(MINUTE);
  await collector.runOnce();
  expect(mlflow.asked.length).toBeGreaterThan(asked);
});
