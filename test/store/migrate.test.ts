import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../src/store/migrate.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

test('applying the migrations again changes nothing', async () => {
  const { username, password } = running.engine.endpoint;
  const report = await migrate(running.store, { database: 'plumbline', cluster: undefined, username, password });
  expect(report.applied).toEqual([]);
  expect(report.alreadyApplied).toBeGreaterThanOrEqual(4);
});

test('a migration that was changed after it had been applied stops the start', async () => {
  await running.store.insert('schema_migrations', [
    { name: '0001_ingest.sql', checksum: 'other', applied_at: '2099-01-01T00:00:00Z' },
  ]);
  const { username, password } = running.engine.endpoint;
  await expect(
    migrate(running.store, { database: 'plumbline', cluster: undefined, username, password }),
  ).rejects.toThrow('Migration 0001_ingest.sql was changed after it had been applied');
});
