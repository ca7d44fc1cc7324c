import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dashboards } from '../../dashboards/index.ts';
import { interpolate } from '../../src/grafana/interpolate.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import { READER_USER } from '../../src/store/engine/engine-config.ts';
import { request } from '../support/client.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { choose } from './ask-like-grafana.ts';
import { queriesOf } from './dashboard-queries.ts';
import { FROM_MS, seedFleet, TO_MS } from './seed-fleet.ts';

/** The engine answers when it is done, so that a refusal in the middle is not a broken answer. */
const WHOLE = { wait_end_of_query: '1' };
let test: TestStore;
let password = '';

beforeAll(async () => {
  test = await startTestStore();
  await seedFleet(test.store);
  const file = readFileSync(`${test.path}/engine-credentials.json`, 'utf8');
  password = z.object({ readerPassword: z.string() }).parse(JSON.parse(file)).readerPassword;
});
afterAll(async () => test.stop());

/** Asks as Grafana's ClickHouse plugin does over HTTP: the reader user, the default database, a time limit. */
async function asGrafana(sql: string, settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const query = new URLSearchParams({ database: 'plumbline', max_execution_time: '30', ...settings });
  const { status, text } = await request(`${test.engine.endpoint.url}/?${query.toString()}`, {
    body: `${sql}\nFORMAT Native`,
    headers: { 'x-clickhouse-user': READER_USER, 'x-clickhouse-key': password },
  });
  return status === 200 ? 'ok' : text;
}

describe('the embedded engine as a data source of Grafana', () => {
  it('answers every query of every dashboard to its read-only user', async () => {
    const context = { fromMs: FROM_MS, toMs: TO_MS, intervalMs: 60_000 };
    const queries = dashboards.flatMap((make) => queriesOf(make()));
    for (const { name, sql } of queries) {
      const ready = expandMacros(interpolate(sql, choose(sql, ['version', 'gpu'])), context);
      expect(await asGrafana(ready), name).toBe('ok');
    }
  });

  it('lets Grafana set a shorter or a somewhat longer time limit, and nothing beyond it', async () => {
    expect(await asGrafana('SELECT 1', { max_execution_time: '5' })).toBe('ok');
    expect(await asGrafana('SELECT 1', { max_execution_time: '60' })).toBe('ok');
    expect(await asGrafana('SELECT 1', { max_execution_time: '61' })).toContain('max_execution_time');
    expect(await asGrafana('SELECT 1', { max_result_rows: '0' })).toContain('max_result_rows');
    expect(await asGrafana('SELECT 1', { readonly: '0' })).toContain('readonly');
  });

  it('refuses answers of more rows than a panel could show, and anything that writes', async () => {
    expect(await asGrafana('SELECT number FROM numbers(1000001)', WHOLE)).toContain('Limit for result exceeded');
    expect(await asGrafana('SELECT number FROM numbers(1000000)')).toBe('ok');
    expect(await asGrafana("INSERT INTO change_events (ts, kind) SELECT now(), 'deploy'")).not.toBe('ok');
    expect(await asGrafana('DROP TABLE signals')).not.toBe('ok');
  });
});
