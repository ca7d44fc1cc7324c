import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { rollUpSignalHours } from '../../../src/analysis/minute/roll-signal-hours.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const HOUR = '2026-04-01 12:00:00';
let running: TestStore;

beforeAll(async () => {
  running = await startTestStore();
  await running.store.command({ name: 'stop_merges', sql: 'SYSTEM STOP MERGES signals_by_day' });
});
afterAll(async () => running.stop());

test('an hour is summed up once it is left alone, from the evaluations that count', async () => {
  await write({ minutes: 120, value: 'number', state: "if(number % 60 < 45, 'ok', 'no_data')", evaluated: 1 });
  expect(await rollUpSignalHours({ store: running.store })).toBe(0);
  expect(await rollUpSignalHours({ store: running.store, quietSeconds: 0 })).toBe(2);
  expect(await hours()).toEqual([
    { n: 45, mean: 22, least: 0, most: 44, newest: 44, newest_t: '2026-04-01T12:44:00Z' },
    { n: 45, mean: 82, least: 60, most: 104, newest: 104, newest_t: '2026-04-01T13:44:00Z' },
  ]);
  expect(await rollUpSignalHours({ store: running.store, quietSeconds: 0 })).toBe(0);
});

test('an hour that was concluded again is summed up again, and one that lost its values has none', async () => {
  await write({ minutes: 60, value: '7', state: "'ok'", evaluated: 2 });
  expect(await rollUpSignalHours({ store: running.store, quietSeconds: 0 })).toBe(1);
  expect(await hours()).toMatchObject([
    { n: 60, mean: 7, most: 7 },
    { n: 45, mean: 82 },
  ]);
  await write({ minutes: 60, value: 'nan', state: "'no_data'", evaluated: 3 });
  expect(await rollUpSignalHours({ store: running.store, quietSeconds: 0 })).toBe(1);
  expect((await hours()).map(({ n }) => n)).toEqual([0, 45]);
});

test('an hour that is not over is left to its minutes', async () => {
  await running.store.command({
    name: 'write',
    sql: "INSERT INTO signals SELECT toStartOfHour(now()) + 60, 'accuracy', 'fresh', '', '', '', '', 1, 'ok', now64(3)",
  });
  expect(await rollUpSignalHours({ store: running.store, quietSeconds: 0 })).toBe(0);
});

async function write(options: {
  readonly minutes: number;
  readonly value: string;
  readonly state: string;
  readonly evaluated: number;
}): Promise<void> {
  const { minutes, value, state, evaluated } = options;
  await running.store.command({
    name: 'write',
    sql: `INSERT INTO signals SELECT toDateTime('${HOUR}', 'UTC') + 60 * number, 'accuracy', 'm', '', '', '', '', ${value}, ${state}, toDateTime('${HOUR}', 'UTC') + ${evaluated} FROM numbers(${minutes})`,
  });
}

async function hours() {
  const row = z.object({
    n: z.number(),
    mean: z.number().nullable(),
    least: z.number(),
    most: z.number(),
    newest: z.number(),
    newest_t: z.string(),
  });
  return z.array(row).parse(
    await running.store.rows({
      name: 'hours',
      sql: "SELECT n, mean, least, most, newest, newest_t FROM signals_per_hour FINAL WHERE model = 'm' ORDER BY t",
    }),
  );
}
