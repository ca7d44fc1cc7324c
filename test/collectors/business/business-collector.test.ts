import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { z } from 'zod';
import { BusinessCollector } from '../../../src/collectors/business/business-collector.ts';
import { businessConfigSchema } from '../../../src/collectors/business/config.ts';
import { FakeClock, systemClock } from '../../../src/core/clock.ts';
import { BatchWriter } from '../../../src/store/ingest/batch-writer.ts';
import { Spool } from '../../../src/store/ingest/spool.ts';
import { CollectorHealth } from '../../../src/telemetry/collector-health.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { type StandIn, startPrometheusStandIn, vector } from './prometheus-stand-in.ts';

const NOON = Date.parse('2026-05-01T12:00:00Z');
const MINUTE = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'plumbline-business-'));

let running: TestStore;
let prometheus: StandIn;
let writer: BatchWriter;
let clock: FakeClock;
let health: CollectorHealth;
const logger = pino({ level: 'silent' });

beforeAll(async () => {
  running = await startTestStore();
  prometheus = await startPrometheusStandIn();
  const { store, telemetry } = running;
  writer = new BatchWriter({ store, spool: new Spool(folder), clock: systemClock, logger, telemetry });
  await writer.recover();
});
afterAll(async () => {
  await prometheus.stop();
  await writer.stop(1000);
  await running.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  clock = new FakeClock(NOON + 15_000);
  health = new CollectorHealth({ telemetry: running.telemetry, logger, clock });
});
afterEach(async () => {
  await running.store.command({ name: 'clean', sql: 'TRUNCATE TABLE business_metrics' });
});

function collect(entries: z.input<typeof businessConfigSchema>): BusinessCollector {
  const { store, telemetry } = running;
  return new BusinessCollector({
    entries: businessConfigSchema.parse(entries),
    store,
    writer,
    telemetry,
    health,
    logger,
    clock,
    wallClock: systemClock,
    fetch,
  });
}

async function numbers(metric: string): Promise<readonly unknown[]> {
  return running.store.rows({
    name: 'numbers',
    sql: 'SELECT toUnixTimestamp(ts) AS t, model, value, labels FROM business_metrics WHERE metric = {metric:String} ORDER BY t, model',
    parameters: { metric },
  });
}

test('a number of Prometheus is asked for each closed minute and stored once, by model where the result names one', async () => {
  prometheus.answer = () => ({
    body: vector([
      { metric: { __name__: 'x', model: 'fraud', country: 'US' }, value: '12.5' },
      { metric: { model: 'late' }, value: '3' },
      { metric: { model: 'none' }, value: 'NaN' },
    ]),
  });
  const asked = prometheus.asked.length;
  const entry = {
    metric: 'prom_orders',
    labels: { source: 'shop' },
    prometheus: { url: `${prometheus.url}/`, expr: 'sum by (model) (rate(x[1m]))', token: 'secret-token' },
  };
  const collector = collect([entry]);
  expect(await collector.runOnce()).toBe(1);
  expect(await collector.runOnce()).toBe(0);
  expect(prometheus.asked.slice(asked).map((form) => [form.get('query'), form.get('time')])).toEqual([
    ['sum by (model) (rate(x[1m]))', String(NOON / 1000)],
  ]);
  expect(prometheus.authorizations.at(-1)).toBe('Bearer secret-token');
  expect(await numbers('prom_orders')).toEqual([
    { t: NOON / 1000, model: 'fraud', value: 12.5, labels: { country: 'US', source: 'shop' } },
    { t: NOON / 1000, model: 'late', value: 3, labels: { source: 'shop' } },
  ]);
  // A second process with the same configuration, or one that lost its progress, stores nothing again.
  await running.store.command({ name: 'clean', sql: 'TRUNCATE TABLE job_progress' });
  expect(await collect([entry]).runOnce()).toBe(1);
  expect(await numbers('prom_orders')).toHaveLength(2);
});

test('a query on the database sees its own minute only, and its columns say model and labels', async () => {
  await running.store.insert(
    'change_events',
    [-61, -60, -1, 0].map((second) => ({
      ts: new Date(NOON + second * 1000).toISOString(),
      kind: 'other',
      title: 'order',
      model: 'shop',
    })),
  );
  const query =
    "SELECT count() AS value, model, map('kind', 'order') AS labels FROM change_events WHERE ts >= {from:DateTime} AND ts < {to:DateTime} GROUP BY model;";
  await collect([{ metric: 'sql_orders', sql: { query } }]).runOnce();
  expect(await numbers('sql_orders')).toEqual([{ t: NOON / 1000, model: 'shop', value: 2, labels: { kind: 'order' } }]);
});

test.each([
  ['INSERT INTO change_events (title) VALUES (1)', /readonly|Cannot|insert/i],
  ['DROP TABLE labels', /readonly|drop/i],
  ["SELECT count() AS value FROM url('http://127.0.0.1:1/x', 'CSV', 'a String')", /readonly/i],
  ['SELECT number AS value FROM numbers(2000)', /limit|rows/i],
  ['SELECT sleep(3) AS value', /time/i],
  ['SELECT 1 AS wrong', /column value/],
])('the query %s is refused and nothing is stored', async (query, why) => {
  const collector = collect([{ metric: 'refused', timeout: '1s', sql: { query } }]);
  expect(await collector.runOnce()).toBe(0);
  expect(health.states()).toEqual([
    { collector: 'business:refused', up: false, lastSuccessMs: undefined, detail: expect.stringMatching(why) },
  ]);
  expect(await numbers('refused')).toEqual([]);
});

test('minutes missed while the source was away are caught up in order, as far back as allowed', async () => {
  const entry = {
    metric: 'missed',
    model: 'fraud',
    catch_up: '5m',
    prometheus: { url: prometheus.url, expr: 'vector(time())' },
  };
  prometheus.answer = (form) => ({ body: vector([{ value: form.get('time') ?? '' }]) });
  const collector = collect([entry]);
  await collector.runOnce();
  prometheus.answer = () => ({ status: 503, body: { status: 'error', errorType: 'timeout', error: 'too slow' } });
  clock.advance(2 * MINUTE);
  expect(await collector.runOnce()).toBe(0);
  expect(health.states()).toMatchObject([
    { collector: 'business:missed:fraud', up: false, detail: expect.stringContaining('timeout: too slow') },
  ]);
  prometheus.answer = (form) => ({ body: vector([{ value: form.get('time') ?? '' }]) });
  clock.advance(15_000);
  expect(await collector.runOnce()).toBe(2);
  expect(health.states()).toMatchObject([{ up: true }]);
  // A day later, another process: five minutes are caught up, the rest is counted as skipped.
  clock.advance(24 * 60 * MINUTE);
  expect(await collect([entry]).runOnce()).toBe(5);
  const seconds = [0, 1, 2, 1438, 1439, 1440, 1441, 1442].map((minute) => (NOON + minute * MINUTE) / 1000);
  expect(await numbers('missed')).toEqual(seconds.map((t) => ({ t, model: 'fraud', value: t, labels: {} })));
  expect(await running.telemetry.registry.getSingleMetricAsString('plumbline_ingest_business_skipped_total')).toMatch(
    /metric="missed"\} 1435/,
  );
});

test.each([
  [200, 'not json', 'no query answer'],
  [200, { status: 'success', data: { resultType: 'matrix', result: [] } }, 'no query answer'],
  [400, { status: 'error', errorType: 'bad_data', error: 'parse error' }, 'bad_data: parse error'],
  [502, 'Bad gateway', 'HTTP status 502'],
])('an answer %i %j is a failure of that number, not of the service', async (status, body, detail) => {
  prometheus.answer = () => ({ status, body });
  const collector = collect([{ metric: 'broken', prometheus: { url: prometheus.url, expr: 'x' } }]);
  expect(await collector.runOnce()).toBe(0);
  expect(health.states()[0]?.detail).toContain(detail);
});

test('an interval of five minutes is asked for at its end', async () => {
  prometheus.answer = () => ({ body: { status: 'success', data: { resultType: 'scalar', result: [1, '7'] } } });
  clock.advance(4 * MINUTE);
  const collector = collect([
    { metric: 'five', interval: '5m', prometheus: { url: prometheus.url, expr: 'scalar(x)' } },
  ]);
  expect(await collector.runOnce()).toBe(1);
  clock.advance(MINUTE);
  expect(await collector.runOnce()).toBe(1);
  expect(await numbers('five')).toMatchObject([{ t: NOON / 1000 }, { t: (NOON + 5 * MINUTE) / 1000 }]);
});

test.each([
  [[{ metric: 'a' }], 'exactly one of prometheus and sql'],
  [[{ metric: 'a b', sql: { query: 'x' } }], 'must match'],
  [[{ metric: 'a', interval: '90s', sql: { query: 'x' } }], 'whole minutes'],
  [
    [
      { metric: 'a', sql: { query: 'x' } },
      { metric: 'a', sql: { query: 'y' } },
    ],
    'twice',
  ],
])('the configuration %j is refused', (entries, why) => {
  expect(businessConfigSchema.safeParse(entries).error?.message).toContain(why);
});
