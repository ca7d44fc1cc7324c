import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { RetrainJob } from '../../../src/alerting/retrain/retrain-job.ts';
import { FakeClock } from '../../../src/core/clock.ts';
import { createOutboxStore } from '../../../src/notify/outbox-store.ts';
import { OutboxWorker } from '../../../src/notify/outbox-worker.ts';
import { retrainSchema } from '../../../src/notify/retrain/config.ts';
import { createRetrainTarget } from '../../../src/notify/retrain/registry.ts';
import { recentChanges } from '../../../src/store/queries/change-relay.ts';
import { retrainRequests } from '../../../src/store/queries/retrain.ts';
import { signalSeriesQuery } from '../../../src/store/queries/signal-series.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { sendRecords } from '../../api/send-records.ts';
import { type Receiver, startReceiver } from '../../notify/receiver.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 9, 21, 12);
const logger = pino({ level: 'silent' });
let running: TestStore;
let receiver: Receiver;
beforeAll(async () => {
  [running, receiver] = await Promise.all([startTestStore(), startReceiver()]);
});
afterAll(async () => {
  await Promise.all([running.stop(), receiver.stop()]);
});
beforeEach(async () => {
  const tables = [
    'drift_results',
    'retrain_requests',
    'outbox',
    'labels',
    'change_events',
    'service_per_minute',
    'service_per_day',
    'predictions',
    'signals',
    'signals_by_day',
  ];
  for (const table of tables) await running.store.command({ name: 'empty', sql: `TRUNCATE TABLE ${table}` });
});

async function closeWindows(firstHour: number, ...levels: readonly string[]): Promise<void> {
  const rows = levels.map((level, index) => ({
    model: 'm',
    feature: '__score__',
    window_from: (NOW + (firstHour + index) * HOUR) / 1000,
    window_to: (NOW + (firstHour + index + 1) * HOUR) / 1000,
    final: 1,
    level,
    psi_corrected: 0.4,
    evaluated_at: new Date(NOW).toISOString(),
  }));
  await running.store.insert('drift_results', rows);
}

let served = 0;
const serve = (version: string, atMs: number) =>
  sendRecords(running.store, 'predictions', [
    { prediction_id: `${version}-${(served += 1)}`, ts: atMs, model: 'm', version, prediction: 1 },
  ]);

function make(change: Readonly<Record<string, unknown>> = {}) {
  const target = { type: 'cloudevents', url: `${receiver.url}/retrain` };
  const settings = retrainSchema.parse({ target, min_fresh_labels: 2, ...change });
  const clock = new FakeClock(NOW);
  const telemetry = new Telemetry(new Registry());
  const shared = { logger, telemetry, clock };
  const models = [{ model: 'm', settings, importance: {}, target: 'retrain:m' }];
  const askingAlerts = new Set(['DriftedAndStale']);
  const job = new RetrainJob({ store: running.store, wallClock: clock, logger, telemetry, models, askingAlerts });
  const courier = createRetrainTarget(settings.target, { id: 'retrain:m', fetch, clock });
  const outbox = createOutboxStore({ store: running.store, clock });
  const worker = new OutboxWorker({ ...shared, notifiers: [courier], store: outbox, random: () => 0.5 });
  return { job, worker };
}

async function states(): Promise<readonly string[]> {
  const rows = await running.store.query(retrainRequests, { model: 'm', id: '', since: 0 });
  return rows.map(({ state, version, newVersion }) => `${state} ${version} ${newVersion}`.trim());
}

/** What became of the request as the rules see it, in order of time. */
async function outcomes(): Promise<readonly number[]> {
  const range = { from: NOW / 1000, to: NOW / 1000 + 86_400 };
  const series = await running.store.query(signalSeriesQuery, {
    signals: ['retrain_outcome'],
    levels: ['model'],
    ...range,
  });
  return series.flatMap(({ points }) => points.map(([, value]) => value));
}

const label = (id: string) => ({ prediction_id: id, label: 1, label_ts: NOW - HOUR, model: 'm' });

test('drift that persists is answered by one request, and the new version is found to have cured it', async () => {
  const { job, worker } = make();
  await serve('1', NOW - 60_000);
  await closeWindows(-2, 'moderate', 'major');
  await job.run(NOW, []);
  expect(await states()).toEqual([]); // not one label came
  await sendRecords(running.store, 'labels', [label('1'), label('2')]);
  const before = receiver.received.length;
  await job.run(NOW, []);
  await job.run(NOW + 60_000, []);
  await worker.runOnce();
  await worker.runOnce();
  expect(await states()).toEqual(['requested 1']);
  expect(receiver.received).toHaveLength(before + 1);
  expect(receiver.received.at(-1)?.body).toMatchObject({
    type: 'plumbline.model.retrain.requested',
    data: { model: 'm', version: '1', evidence: { fresh_labels: 2, features: [{ feature: '__score__' }] } },
  });
  await serve('2', NOW + 2 * HOUR - 60_000);
  await job.run(NOW + 2 * HOUR, []);
  expect(await states()).toEqual(['new_version 1 2']);
  await closeWindows(1, 'major');
  await closeWindows(2, 'stable');
  await job.run(NOW + 3 * HOUR, []);
  expect(await states()).toEqual(['new_version 1 2']);
  await closeWindows(3, 'negligible');
  await job.run(NOW + 4 * HOUR, []);
  expect(await states()).toEqual(['cured 1 2']);
  await job.run(NOW + 5 * HOUR, []);
  expect(await outcomes()).toEqual([0, 0, 0, 0, 1]);
  const changes = await running.store.query(recentChanges, { from: NOW - HOUR, to: NOW + 9 * HOUR });
  expect(changes.map(({ kind, title }) => `${kind} ${title.split(':')[0] ?? ''}`)).toEqual([
    'retrain Retraining requested',
    'retrain Retraining new version',
    'retrain Retraining cured',
  ]);
});

test('a new version that drifts on is said not to have cured it', async () => {
  const { job, worker } = make({ min_fresh_labels: 0 });
  await serve('1', NOW - 60_000);
  await closeWindows(-2, 'moderate', 'major');
  await job.run(NOW, []);
  await worker.runOnce();
  await serve('2', NOW + HOUR - 60_000);
  await job.run(NOW + HOUR, []);
  await closeWindows(1, 'major', 'moderate');
  await job.run(NOW + 3 * HOUR, []);
  expect(await states()).toEqual(['not_cured 1 2']);
  await job.run(NOW + 3 * HOUR + 60_000, []);
  expect((await outcomes()).at(-1)).toBe(-1);
});

test('where a person must approve, nothing is sent before', async () => {
  const { job, worker } = make({ min_fresh_labels: 0, approval: true });
  await closeWindows(-2, 'major', 'major');
  await job.run(NOW, []);
  await worker.runOnce();
  const before = receiver.received.length;
  expect(await states()).toEqual(['awaiting_approval']);
  const [request] = await running.store.query(retrainRequests, { model: 'm', id: '', since: 0 });
  const id = request?.id ?? '';
  expect(await job.decide({ id: 'another', approve: true, by: 'ann', atMs: NOW })).toBeUndefined();
  expect(await job.decide({ id, approve: true, by: 'ann', atMs: NOW })).toMatchObject({ decidedBy: 'ann' });
  expect(await job.decide({ id, approve: true, by: 'ann', atMs: NOW })).toBeUndefined();
  await worker.runOnce();
  expect(receiver.received).toHaveLength(before + 1);
  expect(await states()).toEqual(['requested']);
});

test('a request that its target refuses for good has failed, with the reason', async () => {
  const { job, worker } = make({ min_fresh_labels: 0 });
  await closeWindows(-2, 'major', 'major');
  await job.run(NOW, []);
  receiver.answerWith({ status: 422, body: 'no such pipeline' });
  await worker.runOnce();
  await job.run(NOW + 60_000, []);
  const [request] = await running.store.query(retrainRequests, { model: 'm', id: '', since: 0 });
  expect(request).toMatchObject({ state: 'failed', detail: 'client: HTTP 422 no such pipeline' });
});
