import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/core/clock.ts';
import { BatchWriter } from '../../src/store/ingest/batch-writer.ts';
import { Spool } from '../../src/store/ingest/spool.ts';
import { type IngestUnit, UnitBuilder } from '../../src/store/ingest/unit.ts';
import type { WriterLimits } from '../../src/store/ingest/writer-limits.ts';
import { predictionLine } from '../support/client.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { waitFor } from '../support/processes.ts';

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

let folder: string;
const writers: BatchWriter[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-writer-'));
});
afterEach(async () => {
  for (const writer of writers.splice(0)) await writer.stop(1000);
  rmSync(folder, { recursive: true, force: true });
});

async function open(limits: Partial<WriterLimits> = {}): Promise<BatchWriter> {
  const { store, telemetry } = running;
  const logger = pino({ level: 'silent' });
  const writer = new BatchWriter({ store, spool: new Spool(folder), clock: systemClock, logger, telemetry, limits });
  writers.push(writer);
  await writer.recover();
  return writer;
}

let made = 0;
function unit(ids: readonly string[], more: readonly string[] = []): IngestUnit {
  made += 1;
  const builder = new UnitBuilder('predictions', Date.now());
  [...ids.map((id) => predictionLine(id)), ...more].forEach((line, index) => builder.add(Buffer.from(line), index + 1));
  return builder.finish(`unit-${made}`);
}

const counts = z.tuple([z.object({ n: z.number(), ids: z.number() })]);
async function stored(prefix: string): Promise<unknown> {
  const rows = await running.store.rows({
    name: 'stored',
    sql: 'SELECT count() AS n, uniqExact(prediction_id) AS ids FROM predictions WHERE startsWith(prediction_id, {prefix:String})',
    parameters: { prefix },
  });
  return counts.parse(rows)[0];
}

async function inserts(since: string): Promise<number> {
  await running.store.command({ name: 'flush', sql: 'SYSTEM FLUSH LOGS query_log' });
  const rows = await running.store.rows({
    name: 'inserts',
    sql: `SELECT count() AS n FROM system.query_log WHERE type = 'QueryFinish' AND query LIKE 'INSERT INTO ingest_predictions%'
AND event_time_microseconds >= {since:DateTime64(6)}`,
    parameters: { since },
  });
  return z.tuple([z.object({ n: z.number() })]).parse(rows)[0].n;
}

async function engineTime(): Promise<string> {
  const rows = await running.store.rows({ name: 'now', sql: 'SELECT toString(now64(6)) AS now' });
  return z.tuple([z.object({ now: z.string() })]).parse(rows)[0].now;
}

describe('units', () => {
  test('that wait together are stored together, each with its own outcome', async () => {
    const writer = await open({ lingerMs: 100 });
    const since = await engineTime();
    const outcomes = await Promise.all([
      writer.submit(unit(['together-1', 'together-2'])),
      writer.submit(unit(['together-3'], ['broken'])),
      writer.submit(unit([], ['{}'])),
    ]);
    expect(outcomes).toEqual([
      { accepted: 2, rejected: 0, errors: [], duplicate: false },
      { accepted: 1, rejected: 1, errors: [{ line: 2, field: '', reason: 'is not valid JSON' }], duplicate: false },
      {
        accepted: 0,
        rejected: 1,
        errors: [{ line: 1, field: 'prediction_id', reason: 'is required' }],
        duplicate: false,
      },
    ]);
    expect(await inserts(since)).toBe(1);
    expect(await stored('together-')).toEqual({ n: 3, ids: 3 });
    expect(readdirSync(folder)).toEqual(['refused']);
  });

  test('travel in batches of the size allowed', async () => {
    const writer = await open({ lingerMs: 100, batchRows: 2 });
    const since = await engineTime();
    await Promise.all(Array.from({ length: 4 }, (_, index) => writer.submit(unit([`sized-${index}`]))));
    expect(await inserts(since)).toBe(2);
    expect(await stored('sized-')).toEqual({ n: 4, ids: 4 });
  });

  test('sent again are answered from what became of them', async () => {
    const writer = await open();
    const again = unit(['again-1'], ['broken']);
    const first = await writer.submit(again);
    expect(await writer.submit(again)).toEqual({ ...first, duplicate: true });
    expect(await (await open()).submit(again)).toEqual({ ...first, duplicate: true });
    expect(await stored('again-')).toEqual({ n: 1, ids: 1 });
  });

  test('are turned away while too many bytes wait, and the waiting ones are stored', async () => {
    const writer = await open({ lingerMs: 200, pendingBytes: 400 });
    const waiting = writer.submit(unit(['full-1']));
    await expect(writer.submit(unit(['full-2']))).rejects.toMatchObject({ code: 'E_OVERLOADED', retryable: true });
    expect(await waiting).toMatchObject({ accepted: 1 });
    expect(writer.pendingBytes).toBe(0);
    expect(await writer.submit(unit(['full-3']))).toMatchObject({ accepted: 1 });
    expect(await stored('full-')).toEqual({ n: 2, ids: 2 });
  });
});

describe('a database that hangs', () => {
  test('gathers what comes meanwhile into one batch when that is little', async () => {
    const writer = await open({ lingerMs: 0, busyLingerMs: 0, batchRows: 3 });
    const since = await engineTime();
    process.kill(running.engine.pid ?? 0, 'SIGSTOP');
    const sent = [writer.submit(unit(['little-1', 'little-2', 'little-3']))];
    for (const id of ['little-4', 'little-5', 'little-6']) {
      sent.push(writer.submit(unit([id])));
      // Time enough to set out alone.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    process.kill(running.engine.pid ?? 0, 'SIGCONT');
    await Promise.all(sent);
    expect(await inserts(since)).toBe(2);
    expect(await stored('little-')).toEqual({ n: 6, ids: 6 });
  });

  test('keeps no sender waiting, and stores each unit once when it goes on', async () => {
    const writer = await open({ answerMs: 200 });
    const slow = unit(['slow-1']);
    const engine = running.engine.pid ?? 0;
    process.kill(engine, 'SIGSTOP');
    try {
      await expect(writer.submit(slow)).rejects.toMatchObject({ code: 'E_STORE_SLOW', retryable: true });
      await expect(writer.submit(slow)).rejects.toMatchObject({ code: 'E_STORE_SLOW', retryable: true });
    } finally {
      process.kill(engine, 'SIGCONT');
    }
    await writer.drain();
    expect(await writer.submit(slow)).toMatchObject({ accepted: 1, duplicate: true });
    expect(await stored('slow-')).toEqual({ n: 1, ids: 1 });
  });
});

describe('a batch that an earlier process left behind', () => {
  async function leaveBehind(left: IngestUnit): Promise<void> {
    const spool = new Spool(folder);
    await spool.open();
    const { kind, receipt, rows, bytes, body } = left;
    await spool.write({ token: '1-left', kind, units: [{ receipt, rows }], bytes, body });
  }

  test('is stored at the next start, and once also when it had been stored before the crash', async () => {
    const left = unit(['left-1', 'left-2']);
    for (let start = 1; start <= 2; start += 1) {
      await leaveBehind(left);
      const writer = await open();
      expect(readdirSync(folder)).toEqual(['refused']);
      expect(await writer.submit(left)).toEqual({ accepted: 2, rejected: 0, errors: [], duplicate: true });
    }
    expect(await stored('left-')).toEqual({ n: 2, ids: 2 });
    const rows = await running.store.rows({
      name: 'rolled',
      sql: "SELECT count() AS n, (SELECT sum(requests) FROM service_per_minute WHERE segment = '') AS rolled FROM predictions",
    });
    const [totals] = z.tuple([z.object({ n: z.number(), rolled: z.number() })]).parse(rows);
    expect(totals.rolled).toBe(totals.n);
  });

  test('and cannot be read or taken is set aside, and the others are stored', async () => {
    await new Spool(folder).open();
    writeFileSync(`${folder}/1-damaged.batch`, 'no header');
    const spool = new Spool(folder);
    const rubbish = Buffer.from([1, 2, 3]);
    await spool.write({
      token: '2-rubbish',
      kind: 'predictions',
      units: [{ receipt: '1', rows: 1 }],
      bytes: 3,
      body: [rubbish],
    });
    const good = unit(['survivor-1']);
    const { rows, bytes, body, receipt } = good;
    await spool.write({ token: '3-good', kind: 'predictions', units: [{ receipt, rows }], bytes, body });
    await open();
    expect(readdirSync(`${folder}/refused`).sort()).toEqual(['1-damaged.batch', '2-rubbish.batch']);
    expect(await stored('survivor-')).toEqual({ n: 1, ids: 1 });
  });
});

test('a batch that the database refuses for good fails its senders and is set aside', async () => {
  const writer = await open();
  const { kind, receipt } = unit(['refused-1']);
  const rubbish: IngestUnit = { kind, receipt, rows: 1, bytes: 3, body: [Buffer.from([1, 2, 3])] };
  await expect(writer.submit(rubbish)).rejects.toMatchObject({ code: 'E_STORE', retryable: false });
  expect(readdirSync(`${folder}/refused`)).toHaveLength(1);
  expect(await writer.submit(unit(['refused-2']))).toMatchObject({ accepted: 1 });
});

test('a unit whose writer ended while the database was away is stored once when it is sent again', async () => {
  const writer = await open({ lingerMs: 0 });
  const cut = unit(['cut-1']);
  process.kill(running.engine.pid ?? 0, 'SIGKILL');
  const first = writer.submit(cut).catch(() => undefined);
  await writer.stop(0);
  await first;
  await waitFor('the engine to be back', async () => ((await running.store.ping()) ? true : undefined));
  expect(await (await open()).submit(cut)).toMatchObject({ accepted: 1 });
  expect(await stored('cut-')).toEqual({ n: 1, ids: 1 });
  expect(readdirSync(folder)).toEqual(['refused']);
});
