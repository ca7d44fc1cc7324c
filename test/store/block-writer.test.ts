import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/core/clock.ts';
import { BlockWriter, type LogBlock } from '../../src/store/ingest/block-writer.ts';
import { RECORD_KINDS, type RecordKind } from '../../src/store/ingest/unit.ts';
import { predictionLine } from '../support/client.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { waitFor } from '../support/processes.ts';

const TARGETS = ['predictions', 'labels', 'business_metrics', 'change_events', 'dead_letters', 'kafka_blocks'];

describe('a block of a log', () => {
  let db: TestStore;
  let writer: BlockWriter;
  beforeAll(async () => {
    db = await startTestStore();
    const { store, telemetry } = db;
    writer = new BlockWriter({
      store,
      clock: systemClock,
      random: Math.random,
      telemetry,
      health: undefined,
      onRetry: () => {},
    });
  });
  afterAll(async () => {
    await db.stop();
  });

  test('changes nothing anywhere when it comes again, also after the engine was killed', async () => {
    const blocks = RECORD_KINDS.map((kind) => block(kind));
    for (const each of blocks) await store(each);
    const once = await everything();
    expect(once).toMatchObject({
      predictions: 3,
      labels: 3,
      business_metrics: 3,
      change_events: 3,
      dead_letters: 8,
      kafka_blocks: 4,
    });
    for (const each of blocks) expect(await store(each)).toEqual({ accepted: 3, rejected: 2 });
    expect(await everything()).toEqual(once);
    const { pid } = db.engine;
    if (pid === undefined) throw new Error('The engine has no process.');
    process.kill(pid, 'SIGKILL');
    await waitFor('another engine', () => (db.engine.pid === pid ? undefined : true));
    for (const each of blocks) expect(await store(each)).toEqual({ accepted: 3, rejected: 2 });
    expect(await everything()).toEqual(once);
  });

  test('is found in the receipts when it was declared so long ago that its token may be forgotten', async () => {
    const old = { ...block('labels'), declaredMs: Date.now() - 3_600_000, token: 'old' };
    await store(old);
    const once = await everything();
    // What a table remembers is dropped with its parts' names when they are moved away and back.
    await db.store.command({
      name: 'test',
      sql: 'ALTER TABLE labels MODIFY SETTING non_replicated_deduplication_window = 0',
    });
    await db.store.command({
      name: 'test',
      sql: 'ALTER TABLE labels MODIFY SETTING non_replicated_deduplication_window = 100',
    });
    await store(old);
    expect(await everything()).toEqual(once);
  });

  test('that a view of somebody else fails on is stored once everywhere else', async () => {
    await db.store.command({
      name: 'test',
      sql: `CREATE TABLE poison_target (n UInt32) ENGINE = MergeTree ORDER BY n`,
    });
    await db.store.command({
      name: 'test',
      sql: `CREATE MATERIALIZED VIEW poison TO poison_target AS SELECT toUInt32(replaceOne(line, 'poison', 'x')) AS n FROM ingest_events WHERE position(line, 'poison') > 0`,
    });
    const before = await everything();
    const lines = poisonedLines();
    expect(await store({ ...block('events'), token: 'poisoned view', lines, problems: [] })).toEqual({
      accepted: 9,
      rejected: 0,
    });
    const after = await everything();
    await db.store.command({ name: 'test', sql: 'DROP VIEW poison' });
    expect(after).toEqual({
      ...before,
      change_events: (before['change_events'] ?? 0) + 9,
      receipts: (before['receipts'] ?? 0) + 9,
    });
  });

  test('that cannot be parsed for one record loses that record only', async () => {
    const select = z
      .tuple([z.object({ as_select: z.string() })])
      .parse(
        await db.store.rows({ name: 'test', sql: `SELECT as_select FROM system.tables WHERE name = 'parse_events'` }),
      )[0].as_select;
    const recreate = async (sql: string): Promise<void> => {
      await db.store.command({ name: 'test', sql: 'DROP VIEW parse_events' });
      await db.store.command({
        name: 'test',
        sql: `CREATE MATERIALIZED VIEW parse_events TO parsed_events AS ${sql}`,
      });
    };
    await recreate(`SELECT * FROM (${select}) WHERE toUInt32(if(position(title, 'poison') > 0, 'x', '0')) = 0`);
    const before = await everything();
    const counted = await deadLetters();
    const lines = poisonedLines();
    expect(await store({ ...block('events'), token: 'poisoned', lines, problems: [] })).toEqual({
      accepted: 8,
      rejected: 1,
    });
    await recreate(select);
    expect(await deadLetters()).toBe(counted + 1);
    expect(await everything()).toMatchObject({
      change_events: (before['change_events'] ?? 0) + 8,
      dead_letters: (before['dead_letters'] ?? 0) + 1,
    });
    const dead = await db.store.rows({
      name: 'test',
      sql: `SELECT topic, partition, offset, reason FROM kafka_dead_letters WHERE reason LIKE '%refuses%'`,
    });
    expect(dead).toEqual([
      { topic: 'topic-events', partition: 2, offset: 1006, reason: 'the database refuses it (code 6)' },
    ]);
  });

  function poisonedLines() {
    return Array.from({ length: 9 }, (_, index) => lineOf('events', index === 6 ? 'poison' : `fine ${index}`, index));
  }

  /** Returns the counter of dead letters, over all kinds. */
  async function deadLetters(): Promise<number> {
    const found = await db.telemetry.registry.getSingleMetric('plumbline_ingest_dead_letters_total')?.get();
    return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0);
  }

  function store(each: LogBlock) {
    return writer.store(each, AbortSignal.timeout(60_000));
  }

  /** Returns how many rows every table holds, summed over what is counted in it. */
  async function everything(): Promise<Readonly<Record<string, number>>> {
    const count = z.tuple([z.object({ n: z.number() })]);
    const counts: Record<string, number> = {};
    for (const table of TARGETS) {
      counts[table] = count.parse(await db.store.rows({ name: 'test', sql: `SELECT count() AS n FROM ${table}` }))[0].n;
    }
    const sums = {
      rolled: `SELECT sum(requests) AS n FROM service_per_minute WHERE segment = ''`,
      receipts: 'SELECT sum(accepted + rejected) AS n FROM ingest_receipts',
    };
    for (const [name, sql] of Object.entries(sums)) {
      counts[name] = count.parse(await db.store.rows({ name: 'test', sql }))[0].n;
    }
    return counts;
  }
});

function block(kind: RecordKind): LogBlock {
  const lines = [0, 1, 2].map((index) => lineOf(kind, `${kind} ${index}`, index));
  return {
    kind,
    topic: `topic-${kind}`,
    partition: 2,
    firstOffset: 1000,
    lastOffset: 1004,
    token: `kafka:test:${kind}:1000-1004`,
    declaredMs: Date.now(),
    lines: [...lines, { ...toLine('broken'), lineNumber: 3 }],
    problems: [{ lineNumber: 4, field: '', reason: 'message has no value (tombstone)', text: '' }],
  };
}

function lineOf(kind: RecordKind, name: string, lineNumber: number) {
  const ts = '2026-05-01T10:00:00.000Z';
  const record = {
    predictions: predictionLine(name.replace(' ', '-')),
    labels: JSON.stringify({ prediction_id: name, label: 1, ts }),
    business: JSON.stringify({ ts, metric: 'revenue', value: lineNumber }),
    events: JSON.stringify({ ts, kind: 'deploy', title: name }),
  }[kind];
  return { ...toLine(record), lineNumber };
}

function toLine(text: string) {
  const line = Buffer.from(text);
  return { line, fullBytes: line.length };
}
