import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { binCounts, binCountsSql } from '../../src/stats/bin-counts.ts';
import { createLcg, generate } from '../../src/stats/generator.ts';
import { driftStatistics } from '../../src/stats/index.ts';
import { quantileEdges, quantileEdgesSql } from '../../src/stats/quantile-edges.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

type Pair = { readonly name: string; readonly reference: readonly number[]; readonly current: readonly number[] };

const PAIRS: readonly Pair[] = [
  { name: 'equal shares', reference: [10, 20, 30, 40], current: [1, 2, 3, 4] },
  { name: 'a small shift', reference: [100, 200, 300, 400], current: [110, 190, 310, 390] },
  { name: 'empty bins on either side', reference: [10, 0, 90, 0], current: [0, 20, 80, 0] },
  { name: 'disjoint supports', reference: [500, 500, 0, 0], current: [0, 0, 500, 500] },
  { name: 'one live bin', reference: [0, 7, 0], current: [0, 9, 0] },
  { name: 'millions of rows', reference: [123_456_789, 234_567_890, 345_678_901], current: [123, 234_400, 345_900] },
  { name: 'many random bins', reference: randomCounts(1, 100), current: randomCounts(2, 100) },
];

describe.each(driftStatistics.map((statistic) => [statistic.id, statistic] as const))(
  'statistic %s',
  (_id, statistic) => {
    it('declares a snake_case id, a title and where it comes from', () => {
      expect(statistic.id).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(statistic.title.length).toBeGreaterThan(2);
      expect(statistic.source.length).toBeGreaterThan(10);
      expect(driftStatistics.filter((other) => other.id === statistic.id)).toHaveLength(1);
    });

    it('is zero for equal histograms', () => {
      expect(statistic.compute([10, 20, 30], [10, 20, 30])).toBeCloseTo(0, 12);
    });

    it('is finite and not negative whatever bins are empty', () => {
      for (const { reference, current } of PAIRS) {
        const value = statistic.compute(reference, current);
        expect(Number.isFinite(value)).toBe(true);
        expect(value).toBeGreaterThanOrEqual(0);
      }
    });

    it('is symmetric exactly when it says so', () => {
      const gaps = PAIRS.map(({ reference, current }) => {
        const forward = statistic.compute(reference, current);
        return Math.abs(forward - statistic.compute(current, reference)) / Math.max(1, forward);
      });
      expect(Math.max(...gaps) <= 1e-12).toBe(statistic.symmetric);
    });

    it('rises with an injected shift', () => {
      const edges = quantileEdges(sample(11, 0), 20).edges ?? [];
      const reference = binCounts(sample(11, 0), edges);
      const values = [0.1, 0.3, 0.6, 1].map((shift) =>
        statistic.compute(reference, binCounts(sample(12, shift), edges)),
      );
      expect(values).toEqual([...values].sort((a, b) => a - b));
      expect(new Set(values).size).toBe(values.length);
    });

    it('refuses sides of different length and sides without rows', () => {
      expect(() => statistic.compute([1, 2], [1, 2, 3])).toThrow(expect.objectContaining({ code: 'E_STATS_SHAPE' }));
      expect(() => statistic.compute([1, 2], [0, 0])).toThrow(expect.objectContaining({ code: 'E_STATS_EMPTY' }));
    });
  },
);

describe('in ClickHouse', () => {
  let engine: TestStore;
  beforeAll(async () => {
    engine = await startTestStore({ migrated: false });
  });
  afterAll(async () => engine.stop());

  it.each(driftStatistics.map((statistic) => [statistic.id, statistic] as const))(
    'gives %s the value it has here within 1e-9',
    async (_id, statistic) => {
      for (const { name, reference, current } of PAIRS) {
        const edges = Array.from({ length: reference.length + 1 }, (_, index) => index * index - 3);
        const plain = await evaluate(engine, statistic.sql(array(reference), array(current)));
        const withEdges = await evaluate(engine, statistic.sql(array(reference), array(current), array(edges)));
        expect.soft(plain, name).toSatisfy(near(statistic.compute(reference, current)));
        expect.soft(withEdges, `${name}, with edges`).toSatisfy(near(statistic.compute(reference, current, edges)));
      }
      expect(await evaluate(engine, statistic.sql('[1, 2]', '[0, 0]'))).toBeNull();
    },
  );

  it.each([4, 10, 100])('makes the same %d quantile bins and counts them alike', async (bins) => {
    const values = [...sample(21, 0).slice(0, 500), 0, 0, 0, 0, -0, 1, 1, 1, 1e9, -1e9];
    const edges = quantileEdges(values, bins).edges ?? [];
    const rows = `(SELECT arrayJoin([${values.join(', ')}, nan, inf]) AS v)`;
    const made = await engine.store.rows({
      name: 'edges',
      sql: `SELECT ${quantileEdgesSql('v', bins)} AS edges FROM ${rows}`,
    });
    expect(made).toEqual([{ edges }]);
    const counts = await engine.store.rows({
      name: 'counts',
      sql: `SELECT arrayMap(x -> toFloat64(x), ${binCountsSql('v', array(edges))}) AS counts FROM ${rows}`,
    });
    expect(counts).toEqual([{ counts: binCounts(values, edges) }]);
  });
});

async function evaluate(engine: TestStore, expression: string): Promise<number | null> {
  const rows = await engine.store.rows({ name: 'statistic', sql: `SELECT ${expression} AS value` });
  return (
    z
      .array(z.object({ value: z.number().nullable() }))
      .length(1)
      .parse(rows)[0]?.value ?? null
  );
}

function near(expected: number): (actual: unknown) => boolean {
  return (actual) =>
    typeof actual === 'number' && Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
}

function array(values: readonly number[]): string {
  return `[${values.join(', ')}]`;
}

function randomCounts(seed: number, bins: number): readonly number[] {
  const next = createLcg(seed);
  return Array.from({ length: bins }, () => Math.floor(next() * 1000));
}

function sample(seed: number, shift: number): readonly number[] {
  const params = { numbers: { loc: shift, scale: 1 } };
  const made = generate({ seed, n: 5000, dist: 'irwinhall12', params });
  return made.kind === 'numbers' ? made.values : [];
}
