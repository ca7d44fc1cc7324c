import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadFleet, loadFleetRow } from '../../src/api/pages/fleet-data.ts';
import { knownModel } from '../../src/api/read/known-model.ts';
import { systemClock } from '../../src/core/clock.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import { serviceTotalRows } from '../../src/grafana/service-sql.ts';
import { BlockWriter } from '../../src/store/ingest/block-writer.ts';
import { predictionLine } from '../support/client.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

const FROM_MS = Date.parse('2026-04-28T21:07:00Z');
const STEP_MS = 23 * 60_000 + 17_000;
const ROWS = 600;
const HOUR_MS = 3_600_000;
const SUMS =
  'sum(requests) AS requests, sum(errors) AS errors, sum(latency_count) AS timed, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency) AS quantiles';

let db: TestStore;
beforeAll(async () => {
  db = await startTestStore();
  const { store, telemetry } = db;
  const writer = new BlockWriter({
    store,
    clock: systemClock,
    random: Math.random,
    telemetry,
    health: undefined,
    onRetry: () => {},
  });
  // In five blocks whose rows lie across all days, the first of them twice.
  for (const block of [0, 1, 2, 3, 4, 0]) {
    const texts = Array.from({ length: ROWS }, (_, index) => index)
      .filter((index) => index % 5 === block)
      .map(recordLine);
    await writer.store(
      {
        kind: 'predictions',
        topic: 'records',
        partition: 0,
        firstOffset: block * ROWS,
        lastOffset: block * ROWS + texts.length - 1,
        token: `block ${block}`,
        declaredMs: Date.now(),
        lines: texts.map((text, lineNumber) => ({ line: Buffer.from(text), fullBytes: text.length, lineNumber })),
        problems: [],
      },
      AbortSignal.timeout(60_000),
    );
  }
});
afterAll(async () => {
  await db.stop();
});

describe('traffic, errors and latency that were summed up on arrival', () => {
  test('are the same by the hour and by the day as by the minute', async () => {
    const by = async (table: string, filter: string) =>
      ask(
        `SELECT model, version, toStartOfDay(t) AS day, ${SUMS} FROM ${table} WHERE ${filter} GROUP BY ALL ORDER BY ALL`,
      );
    const days = await by('service_per_day', 'true');
    expect(days.length).toBeGreaterThan(30);
    expect(days).toEqual(await by('service_per_minute', "segment = ''"));
    expect(days).toEqual(await by('service_per_hour', "segment = ''"));
    expect(await ask('SELECT sum(requests) AS n, sum(score_count) AS scores FROM service_per_day')).toEqual([
      { n: ROWS, scores: ROWS },
    ]);
    const ends = 'min(first_ts) AS first, max(last_ts) AS last';
    expect(await ask(`SELECT model, ${ends} FROM service_per_day GROUP BY model ORDER BY model`)).toEqual(
      await ask(`SELECT model, ${ends} FROM service_per_minute GROUP BY model ORDER BY model`),
    );
  });

  test.each([
    { name: 'within a day', fromMs: FROM_MS + 5 * HOUR_MS, toMs: FROM_MS + 17 * HOUR_MS },
    {
      name: 'from midnight to midnight',
      fromMs: Date.parse('2026-04-29T00:00:00Z'),
      toMs: Date.parse('2026-05-02T00:00:00Z'),
    },
    { name: 'over parts of days', fromMs: FROM_MS + 100_000, toMs: FROM_MS + 200 * HOUR_MS + 7_000_000 },
    { name: 'over one midnight', fromMs: FROM_MS, toMs: FROM_MS + 7 * HOUR_MS },
  ])('give one sum over a range $name, whichever of them it is made of', async ({ fromMs, toMs }) => {
    const rows = serviceTotalRows('true', ['model', 'requests', 'errors', 'latency', 'latency_count']);
    const sql = expandMacros(`SELECT model, ${SUMS} FROM ${rows} GROUP BY model ORDER BY model`, {
      fromMs,
      toMs,
      intervalMs: 60_000,
    });
    const hours = `t >= toStartOfHour(toDateTime(${Math.floor(fromMs / 1000)})) AND t < toDateTime(${Math.floor(toMs / 1000)})`;
    const expected = await ask(
      `SELECT model, ${SUMS} FROM service_per_hour WHERE segment = '' AND ${hours} GROUP BY model ORDER BY model`,
    );
    expect(expected).toHaveLength(3);
    expect(await ask(sql)).toEqual(expected);
  });

  test('say of each model what its own last hour was like', async () => {
    const rows = await loadFleet({ store: db.store, models: [] });
    const expected = await ask(`SELECT model, toUnixTimestamp(max(s.t)) * 1000 AS last_ms,
      sumIf(s.requests, s.t > newest - 3600) / 3600 AS per_second, sumIf(s.errors, s.t > newest - 3600) AS errors,
      quantilesDDMergeIf(0.01, 0.5, 0.95, 0.99)(s.latency, s.t >= toStartOfHour(newest) - 3600)[3] / 1000 AS p99
      FROM service_per_minute AS s INNER JOIN (SELECT model, max(t) AS newest FROM service_per_minute GROUP BY model) AS own ON s.model = own.model
      WHERE segment = '' GROUP BY model ORDER BY model`);
    const shown = rows.map(({ known, lastHour }) => ({
      model: known.model,
      last_ms: lastHour?.lastMinuteMs,
      per_second: lastHour?.requestsPerSecond,
      errors: Math.round((lastHour?.errorRatio ?? 0) * (lastHour?.requestsPerSecond ?? 0) * 3600),
      p99: lastHour?.p99Seconds,
    }));
    expect(new Set(shown.map((row) => row.last_ms)).size).toBe(3);
    expect(shown).toEqual(expected);
  });

  test('say of one model what they say of it among all', async () => {
    const all = await loadFleet({ store: db.store, models: [] });
    for (const row of all) {
      const asked = knownModel(db.store, row.known.model);
      expect(await loadFleetRow({ store: db.store, models: [] }, row.known.model, asked)).toEqual(row);
    }
    expect(all.map(({ lastHour }) => lastHour?.p99Seconds)).not.toContain(null);
  });

  test('say so of thousands of models that each ended at another time, too', async () => {
    await db.store.command({
      name: 'seed',
      sql: `INSERT INTO rolled_service (model, version, segment, t, requests, errors, first_ts, last_ts, latency_count)
        SELECT concat('${'long-name-'.repeat(10)}', toString(number)), '1', '', toDateTime('2025-01-01 00:00:00', 'UTC') + number * 7260 AS t, 36, 9, t, t, 0 FROM numbers(3000)`,
    });
    const rows = await loadFleet({ store: db.store, models: [] });
    expect(rows).toHaveLength(3003);
    const ended = rows.filter(({ known }) => known.model.startsWith('long-name-'));
    const [lastHour] = ended.map((row) => row.lastHour);
    expect(lastHour).toMatchObject({ requestsPerSecond: 0.01, errorRatio: 0.25, p99Seconds: null });
    expect(new Set(ended.map((row) => row.lastHour?.requestsPerSecond))).toEqual(new Set([0.01]));
    await db.store.command({
      name: 'unseed',
      sql: "DELETE FROM service_per_day WHERE startsWith(model, 'long-name-')",
    });
  });
});

/** Three models, of which each stops a while before the next, with two versions and a segment. */
function recordLine(index: number): string {
  const model = ['a', 'b', 'c'][index % 3];
  const stopped = index > ROWS - 60 && model !== 'c' ? ROWS - 60 - (model === 'a' ? 90 : 6) : index;
  return predictionLine(`p-${index}`, {
    ts: new Date(FROM_MS + stopped * STEP_MS).toISOString(),
    model,
    version: index % 4 === 0 ? '2' : '1',
    latency_ms: 1 + ((index * 7919) % 997),
    status: index % 7 === 0 ? 'error' : 'ok',
    segments: { carrier: index % 2 === 0 ? 'AA' : 'UA' },
  });
}

async function ask(sql: string): Promise<readonly unknown[]> {
  return db.store.rows({ name: 'test', sql });
}
