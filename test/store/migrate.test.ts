import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertSettings } from '../../src/store/ingest/insert-settings.ts';
import { UNIT_COLUMNS, UnitBuilder } from '../../src/store/ingest/unit.ts';
import { migrate } from '../../src/store/migrate.ts';
import { renderStatements } from '../../src/store/schema-template.ts';
import { predictionLine } from '../support/client.ts';
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

test('a batch that is sent again after an upgrade has made its views anew counts once', async () => {
  const { store, engine } = running;
  const builder = new UnitBuilder('predictions', Date.now());
  for (const id of ['a', 'b', 'c']) builder.add(Buffer.from(predictionLine(id, { features: { x: 1, y: 'z' } })), 1);
  const { body } = builder.finish('upgrade');
  const send = () =>
    store.insertRaw({
      table: 'ingest_predictions',
      columns: UNIT_COLUMNS,
      format: 'RowBinary',
      body,
      token: 'sent-before-the-upgrade',
      settings: insertSettings('predictions'),
    });
  const counts = () =>
    store.rows({
      name: 'counts',
      sql: `SELECT (SELECT count() FROM predictions) AS stored, (SELECT sum(n) FROM features_seen) AS values,
        (SELECT sum(requests) FROM service_per_minute WHERE segment = '') AS rolled, (SELECT sum(accepted) FROM ingest_receipts) AS receipts`,
    });
  await send();
  const { username, password } = engine.endpoint;
  const target = { database: 'plumbline', cluster: undefined, username, password };
  for (const name of ['0024_features_by_key', '0025_histogram_by_two_numbers']) {
    const text = readFileSync(`src/store/migrations/${name}.sql`, 'utf8');
    for (const sql of renderStatements(text, target)) await store.command({ name: 'migrate', sql });
  }
  await send();
  expect(await counts()).toEqual([{ stored: 3, values: 6, rolled: 3, receipts: 3 }]);
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
