import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { applyRetention, type Retention } from '../../src/store/retention.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { waitFor } from '../support/processes.ts';

const DAY = 86_400_000;
const logger = pino({ level: 'silent' });

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

function apply(retention: Retention): Promise<readonly string[]> {
  const target = { database: 'plumbline', cluster: undefined };
  return applyRetention({ store: running.store, target, retention, logger });
}

async function count(table: string): Promise<number> {
  const rows = await running.store.rows({ name: 'count', sql: `SELECT count() AS n FROM ${table}` });
  return z.tuple([z.object({ n: z.number() })]).parse(rows)[0].n;
}

test('what is older than the setting is deleted, the rest stays; without the setting everything is kept', async () => {
  const { store } = running;
  const now = Date.now();
  const row = (id: string, ts: number) => ({ prediction_id: id, ts: new Date(ts).toISOString(), model: 'm' });
  await store.insert('predictions', [row('old', now - 900 * DAY), row('new', now - 100_000)]);
  expect(await apply({})).toEqual([]);
  expect(await count('predictions')).toBe(2);
  expect(await apply({ predictions: 365 * DAY })).toEqual(['predictions']);
  await store.command({ name: 'merge', sql: 'OPTIMIZE TABLE predictions FINAL' });
  await waitFor('the old prediction to be deleted', async () =>
    (await count('predictions')) === 1 ? true : undefined,
  );
  // The same setting at the next start changes nothing; another one, and none, do.
  expect(await apply({ predictions: 365 * DAY })).toEqual([]);
  expect(await apply({ predictions: 10_000 * DAY })).toEqual(['predictions']);
  expect(await apply({})).toEqual(['predictions']);
  await store.insert('predictions', [row('older', now - 901 * DAY)]);
  await store.command({ name: 'merge', sql: 'OPTIMIZE TABLE predictions FINAL' });
  expect(await count('predictions')).toBe(2);
});

test('every setting reaches its tables', async () => {
  const all = { predictions: DAY, labels: DAY, samples: DAY, signals: DAY, dead_letters: DAY };
  const tables = [
    'predictions',
    'labels',
    'metric_samples',
    'gpu_samples',
    'serving_samples',
    'signals',
    'signals_by_day',
    'dead_letters',
  ];
  expect(await apply(all)).toEqual(tables);
  const rows = await running.store.rows({
    name: 'ttl',
    sql: "SELECT name FROM system.tables WHERE database = 'plumbline' AND engine_full LIKE '%TTL%toIntervalSecond(86400)%' ORDER BY name",
  });
  expect(rows).toEqual(tables.toSorted().map((name) => ({ name })));
  expect(await apply({})).toEqual(tables);
});
