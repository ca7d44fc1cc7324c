import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PerformanceSignals } from '../../../src/analysis/minute/performance-signals.ts';
import { sendRecords } from '../../api/send-records.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const NOON = Date.parse('2026-05-08T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});
afterEach(async () => {
  for (const table of ['predictions', 'labels', 'signals', 'service_per_minute', 'service_per_day'])
    await running.store.command({ name: 'clean', sql: `TRUNCATE TABLE ${table}` });
});

function signals(): PerformanceSignals {
  const horizonOf = (): number => 7 * DAY;
  return new PerformanceSignals({ store: running.store, taskOf: () => 'classification', horizonOf });
}

/** Ten predictions of the class 1. */
async function predict(name: string, atMs: number): Promise<void> {
  const records = Array.from({ length: 10 }, (_, i) => ({
    prediction_id: `${name}-${i}`,
    ts: atMs + i,
    model: 'm',
    prediction: 1,
  }));
  await sendRecords(running.store, 'predictions', records);
}

/** Their labels, of which the first ones contradict. */
async function label(name: string, atMs: number, wrong: number): Promise<void> {
  const records = Array.from({ length: 10 }, (_, i) => ({
    prediction_id: `${name}-${i}`,
    label: i < wrong ? 0 : 1,
    label_ts: atMs,
    model: 'm',
  }));
  await sendRecords(running.store, 'labels', records);
}

async function accuracy(): Promise<readonly unknown[]> {
  return running.store.rows({
    name: 'accuracy',
    sql: "SELECT toUnixTimestamp(t) + 60 - {noon:UInt32} AS seconds, value FROM signals FINAL WHERE signal = 'accuracy' AND model = 'm' ORDER BY t",
    parameters: { noon: NOON / 1000 },
  });
}

test('labels that come later the same day change the accuracy at the next measurement', async () => {
  const performance = signals();
  await predict('a', NOON - 2 * HOUR);
  await performance.measure(NOON, NOON);
  expect(await accuracy()).toEqual([]);
  await label('a', NOON + HOUR / 2, 3);
  await performance.measure(NOON + HOUR, NOON + HOUR);
  expect(await accuracy()).toEqual([{ seconds: 3600, value: 0.7 }]);
});

test('labels that take days are measured on the predictions they belong to', async () => {
  const performance = signals();
  await predict('old', NOON - 3 * DAY);
  await predict('new', NOON - HOUR);
  await label('old', NOON - HOUR / 2, 4);
  await performance.measure(NOON, NOON);
  expect(await accuracy()).toEqual([{ seconds: 0, value: 0.6 }]);
  // Labels of the last day, once there are some, speak alone.
  await label('new', NOON + HOUR / 2, 1);
  await performance.measure(NOON + HOUR, NOON + HOUR);
  expect(await accuracy()).toEqual([
    { seconds: 0, value: 0.6 },
    { seconds: 3600, value: 0.9 },
  ]);
});

test('labels older than the horizon do not count, and a model without labels is looked through every six hours only', async () => {
  const performance = signals();
  await predict('ancient', NOON - 8 * DAY);
  await label('ancient', NOON - HOUR, 4);
  await predict('old', NOON - 3 * DAY);
  for (const hour of [0, 5, 6]) {
    await predict(`new-${hour}`, NOON + (hour - 1) * HOUR);
    await performance.measure(NOON + hour * HOUR, NOON);
    if (hour === 0) await label('old', NOON + HOUR / 2, 5);
  }
  expect(await accuracy()).toEqual([{ seconds: 6 * 3600, value: 0.5 }]);
});

test('history is measured by day, and its last day not beyond its end', async () => {
  await predict('yesterday', NOON - DAY);
  await label('yesterday', NOON - DAY + HOUR, 2);
  await predict('today', NOON - 2 * HOUR);
  await label('today', NOON - HOUR, 5);
  await signals().measureHistory({ fromMs: NOON - 2 * DAY, toMs: NOON }, NOON);
  expect(await accuracy()).toEqual([
    { seconds: -12 * 3600, value: 0.8 },
    { seconds: 0, value: 0.5 },
  ]);
});
