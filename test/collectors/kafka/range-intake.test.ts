import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import {
  type LogBatch,
  type LogRecord,
  type OwnedPartition,
  PartitionLostError,
} from '../../../src/collectors/kafka/log-consumer.ts';
import { RangeIntake } from '../../../src/collectors/kafka/range-intake.ts';
import { FakeClock } from '../../../src/core/clock.ts';
import type { LogBlock } from '../../../src/store/ingest/block-writer.ts';

const END = 400;
/** Batches that cannot be read: from their first offset to their last. */
const UNREADABLE = [
  { first: 31, last: 37 },
  { first: 101, last: 130 },
  { first: 131, last: 131 },
  { first: 390, last: 399 },
];

/** A partition with gaps, the group's memory of it, and a database that applies a token once. */
class World {
  readonly applied = new Map<number, number>();
  readonly buried = new Map<string, number>();
  readonly resets: string[] = [];
  readonly #tokens = new Set<string>();
  readonly #random: () => number;
  committed: { offset: number | undefined; metadata: string } = { offset: undefined, metadata: '' };
  position = 0;
  generation = 0;
  deaths = 0;
  /** Inserts of processes that sleep: they wake up after others have taken over. */
  readonly asleep: (() => void)[] = [];

  constructor(seed: number) {
    this.#random = mulberry(seed);
  }

  random(below: number): number {
    return Math.floor(this.#random() * below);
  }

  apply(block: LogBlock): void {
    if (this.#tokens.has(block.token)) return;
    this.#tokens.add(block.token);
    for (const { line } of block.lines) {
      const offset = Number(Buffer.from(line).toString('utf8'));
      this.applied.set(offset, (this.applied.get(offset) ?? 0) + 1);
    }
    for (const { lineNumber, reason } of block.problems) {
      const place = `${block.firstOffset + lineNumber}: ${reason}`;
      this.buried.set(place, (this.buried.get(place) ?? 0) + 1);
    }
  }

  die(chance: number): void {
    if (this.random(chance) !== 0) return;
    this.deaths += 1;
    throw new PartitionLostError({ topic: 't', partition: 0 }, undefined);
  }

  own(): OwnedPartition {
    this.generation += 1;
    const epoch = this.generation;
    this.position = this.committed.offset ?? 0;
    return {
      topic: 't',
      partition: 0,
      epoch,
      signal: new AbortController().signal,
      mustYield: () => this.random(10) === 0,
      wasReset: () => false,
      committed: async () => this.committed,
      commit: async (committed) => {
        this.die(12);
        if (epoch !== this.generation) throw new PartitionLostError({ topic: 't', partition: 0 }, undefined);
        this.committed = committed;
        this.die(12);
      },
      advance: (offset) => {
        this.position = offset;
      },
      rewind: (offset) => {
        this.position = offset;
      },
    };
  }

  /** Returns a fetch from the position: of any length, cut anywhere. Every fifth offset was compacted away. */
  fetch(): LogBatch {
    const { position } = this;
    const wanted = Math.min(END, position + 1 + this.random(40));
    const next = (unreadableAt(wanted - 1)?.last ?? wanted - 1) + 1;
    const records: LogRecord[] = [];
    for (let offset = position; offset < next; offset += 1) {
      const unreadable = unreadableAt(offset);
      const record = { offset, timestampMs: offset, value: Buffer.from(String(offset)), headers: {} };
      if (unreadable === undefined && offset % 5 !== 3) records.push(record);
      if (unreadable?.last === offset) {
        const range = { firstOffset: unreadable.first, reason: 'it is damaged', head: Buffer.from('head') };
        records.push({ ...record, value: null, unreadable: range });
      }
    }
    return { records, position, next, highWatermark: END };
  }

  intake(): RangeIntake {
    return new RangeIntake({
      group: 'g',
      kindOf: () => 'predictions',
      maxRows: 1 + this.random(15),
      maxBytes: 1_000_000,
      writer: { store: async (block) => this.#store(block) },
      clock: new FakeClock(1_000_000 + this.deaths),
      logger: pino({ level: 'silent' }),
      onStored: () => {},
      onReset: (topic) => this.resets.push(topic),
    });
  }

  #store(block: LogBlock): { accepted: number; rejected: number } {
    this.die(10);
    if (this.random(10) === 0) {
      this.asleep.push(() => this.apply(block));
      this.die(1);
    }
    this.apply(block);
    this.die(10);
    return { accepted: block.lines.length, rejected: 0 };
  }
}

describe('a declared range', () => {
  test('is stored once whenever its owners die, sleep, lose the partition or fetch other batches', async () => {
    let deaths = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const world = new World(seed);
      while ((world.committed.offset ?? 0) < END) {
        const partition = world.own();
        const intake = world.intake();
        try {
          while ((world.committed.offset ?? 0) < END) await intake.take(partition, world.fetch());
        } catch (error) {
          if (!(error instanceof PartitionLostError)) throw error;
        }
        if (world.random(3) === 0) world.asleep.shift()?.();
      }
      for (const wake of world.asleep) wake();
      deaths += world.deaths;
      const expected = Array.from({ length: END }, (_, offset) => offset).filter(
        (offset) => offset % 5 !== 3 && unreadableAt(offset) === undefined,
      );
      expect(
        [...world.applied.keys()].sort((a, b) => a - b),
        `seed ${seed}`,
      ).toEqual(expected);
      expect(
        [...world.applied.values()].every((times) => times === 1),
        `seed ${seed}`,
      ).toBe(true);
      expect(Object.fromEntries(world.buried), `seed ${seed}`).toEqual(
        Object.fromEntries(
          UNREADABLE.map(({ first, last }) => [
            `${first}: records ${first} to ${last} cannot be read: it is damaged`,
            1,
          ]),
        ),
      );
    }
    expect(deaths).toBeGreaterThan(1000);
  });

  test('is left to nobody else: a block whose end was written down is never cut elsewhere', async () => {
    const world = new World(1);
    world.committed = { offset: 10, metadata: 'v1;e=29;n=16;t=5;g=abc' };
    const partition = calm(world);
    const blocks: LogBlock[] = [];
    const intake = new RangeIntake({
      group: 'g',
      kindOf: () => 'labels',
      maxRows: 3,
      maxBytes: 10,
      writer: {
        store: async (block) => {
          blocks.push(block);
          return { accepted: 0, rejected: 0 };
        },
      },
      clock: new FakeClock(99),
      logger: pino({ level: 'silent' }),
      onStored: () => {},
      onReset: () => {},
    });
    const records = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => from + index)
        .filter((offset) => offset % 5 !== 3)
        .map((offset) => ({ offset, timestampMs: 0, value: Buffer.from(String(offset)), headers: {} }));
    await intake.take(partition, { records: records(10, 20), position: 10, next: 20, highWatermark: END });
    expect(blocks).toEqual([]);
    await intake.take(partition, { records: records(20, 31), position: 20, next: 31, highWatermark: END });
    expect(blocks.map(({ token, declaredMs, lines }) => ({ token, declaredMs, rows: lines.length }))).toEqual([
      { token: 'kafka:g:t:0:abc:10-29', declaredMs: 5, rows: 16 },
      { token: 'kafka:g:t:0:abc:30-30', declaredMs: 99, rows: 1 },
    ]);
    expect(world.committed).toEqual({ offset: 31, metadata: 'v1;g=abc' });
  });

  test('is fetched again from its beginning when the client has read on', async () => {
    const world = new World(1);
    world.committed = { offset: 5, metadata: 'v1;g=abc' };
    const partition = world.own();
    await world.intake().take(partition, { records: [], position: 9, next: 12, highWatermark: END });
    expect(world.position).toBe(5);
    expect(world.applied.size).toBe(0);
  });

  test('begins another life of the partition when its offsets begin anew', async () => {
    const world = new World(1);
    world.committed = { offset: 100, metadata: 'v1;g=abc' };
    const partition = { ...calm(world), wasReset: (position: number) => position === 0 };
    world.position = 0;
    const batch = { ...world.fetch(), next: 3, records: world.fetch().records.slice(0, 1) };
    await world.intake().take(partition, batch);
    expect(world.resets).toEqual(['t']);
    expect(world.committed.offset).toBe(3);
    expect(world.committed.metadata).toMatch(/^v1;g=(?!abc)/);
  });
});

function unreadableAt(offset: number): (typeof UNREADABLE)[number] | undefined {
  return UNREADABLE.find(({ first, last }) => first <= offset && offset <= last);
}

/** Returns a partition that nothing happens to. */
function calm(world: World): OwnedPartition {
  const commit: OwnedPartition['commit'] = async (committed) => {
    world.committed = committed;
  };
  return { ...world.own(), commit, mustYield: () => false };
}

/** Random numbers from 0 to 1 that are the same at every run. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
