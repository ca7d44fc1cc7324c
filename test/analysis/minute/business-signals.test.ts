import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { concludeLateBusiness } from '../../../src/analysis/minute/late-business.ts';
import { writeMinuteSignals } from '../../../src/analysis/minute/service-signals.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { sendRecords } from '../../api/send-records.ts';

const NOON = Date.parse('2026-05-08T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** When sendRecords says that its records came. */
const RECEIVED = Date.parse('2026-11-01T00:00:00Z');

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

async function send(metric: string, values: readonly (readonly [number, number])[]): Promise<void> {
  const records = values.map(([ts, value]) => ({ ts, metric, value, model: 'fraud' }));
  await sendRecords(running.store, 'business', records);
}

async function conclude(fromMs: number, toMs: number): Promise<void> {
  await writeMinuteSignals({ store: running.store, range: { fromMs, toMs }, constants: new Map(), nowMs: toMs });
}

async function signal(name: string): Promise<readonly unknown[]> {
  const rows = await running.store.rows({
    name: 'signal',
    sql: "SELECT toUnixTimestamp(t) AS t, value FROM signals FINAL WHERE signal = {name:String} AND model = 'fraud' AND state = 'ok' ORDER BY t",
    parameters: { name },
  });
  return z
    .array(z.object({ t: z.number(), value: z.number() }))
    .parse(rows)
    .map(({ t, value }) => [t * 1000, value]);
}

test('a number is compared with the same hour of last week, whatever the day before was like', async () => {
  await send('conversion', [
    [NOON - 7 * 24 * HOUR + 10 * MINUTE, 0.2],
    [NOON - 7 * 24 * HOUR + 50 * MINUTE, 0.4],
    [NOON - 7 * 24 * HOUR + 70 * MINUTE, 0.9],
    ...Array.from({ length: 24 }, (_, hour) => [NOON - (hour + 1) * HOUR, 5] as const),
    [NOON + 5 * MINUTE, 0.15],
  ]);
  await conclude(NOON, NOON + 10 * MINUTE);
  expect(await signal('business_conversion')).toEqual([[NOON + 5 * MINUTE, 0.15]]);
  const [[at, ratio] = []] = z
    .array(z.tuple([z.number(), z.number()]))
    .parse(await signal('business_conversion_vs_baseline_ratio'));
  expect(at).toBe(NOON + 5 * MINUTE);
  expect(ratio).toBeCloseTo(0.15 / 0.3, 12);
});

test('a number without last week is compared with the median hour of the day before, when it has six', async () => {
  // Hourly means 1, 2, 3, 4, 5 and an outlier of 100: the median is 3.5. The hour of the reading itself does not count.
  await send('young', [
    ...[1, 2, 3, 4, 5, 100].map((value, index) => [NOON - (index + 1) * HOUR, value] as const),
    [NOON - 25 * HOUR, 1000],
    [NOON + MINUTE, 7],
    [NOON + 2 * MINUTE, 14],
  ]);
  await send('too_young', [
    ...[1, 2, 3, 4, 5].map((value, index) => [NOON - (index + 1) * HOUR, value] as const),
    [NOON + MINUTE, 7],
  ]);
  await conclude(NOON, NOON + 10 * MINUTE);
  expect(await signal('business_young_vs_baseline_ratio')).toEqual([
    [NOON + MINUTE, 2],
    [NOON + 2 * MINUTE, 4],
  ]);
  expect(await signal('business_too_young')).toEqual([[NOON + MINUTE, 7]]);
  expect(await signal('business_too_young_vs_baseline_ratio')).toEqual([]);
});

test('a baseline of zero gives no ratio', async () => {
  await send('zero', [
    [NOON - 7 * 24 * HOUR, 0],
    [NOON + MINUTE, 7],
  ]);
  await conclude(NOON, NOON + 10 * MINUTE);
  expect(await signal('business_zero')).toEqual([[NOON + MINUTE, 7]]);
  expect(await signal('business_zero_vs_baseline_ratio')).toEqual([]);
});

test('numbers that come after their minute was evaluated are concluded all the same', async () => {
  await conclude(NOON, NOON + 10 * MINUTE);
  await send('tardy', [
    [NOON + MINUTE, 3],
    [NOON + 8 * MINUTE, 4],
  ]);
  expect(await signal('business_tardy')).toEqual([]);
  const { store } = running;
  await concludeLateBusiness({ store, sinceMs: RECEIVED, untilMs: RECEIVED + 1, nowMs: NOON + HOUR });
  expect(await signal('business_tardy')).toEqual([]);
  await concludeLateBusiness({ store, sinceMs: RECEIVED - 1, untilMs: RECEIVED, nowMs: NOON + HOUR });
  expect(await signal('business_tardy')).toEqual([
    [NOON + MINUTE, 3],
    [NOON + 8 * MINUTE, 4],
  ]);
});
