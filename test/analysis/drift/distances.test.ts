import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBucketDistances } from '../../../src/analysis/drift/bucket-distances.ts';
import type { Frame } from '../../../src/analysis/drift/frame.ts';
import { readKsTest } from '../../../src/analysis/drift/ks-test.ts';
import { DriftSession } from '../../../src/analysis/drift/session.ts';
import { readSortedDistances } from '../../../src/analysis/drift/sorted-distances.ts';
import type { Column } from '../../../src/analysis/drift/source.ts';
import { energy } from '../../../src/stats/energy.ts';
import { ks } from '../../../src/stats/ks.ts';
import { wasserstein } from '../../../src/stats/wasserstein.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const COLUMN: Column = { id: 'c0', name: 'x', role: 'feature', storage: 'number' };
const FRAME: Frame = {
  table: '"drift_distances"',
  columns: [COLUMN],
  prediction: undefined,
  segmented: false,
  inMemory: false,
  unit: 'all',
  referenceUnit: 'all',
  skipped: [],
};

let engine: TestStore;
let session: DriftSession;

beforeAll(async () => {
  engine = await startTestStore({ migrated: false });
  session = new DriftSession(engine.store);
});

afterAll(async () => {
  await engine.stop();
});

// Sum of uniforms by the linear congruential generator of the golden vectors.
function normals(seed: number, n: number): number[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
  return Array.from({ length: n }, () => Array.from({ length: 12 }, next).reduce((sum, u) => sum + u, 0) - 6);
}

const SAMPLES: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
  'a shifted normal': [normals(1, 3000), normals(2, 2000).map((x) => x + 0.1)],
  'no shift': [normals(3, 4000), normals(4, 4000)],
  'ties everywhere': [normals(5, 3000).map(Math.round), normals(6, 2500).map((x) => Math.round(x + 0.2))],
  'both signs of zero': [
    [-0, 0, 0, 1, -1],
    [0, -0, 2],
  ],
  'tiny values': [normals(7, 500).map((x) => x * 1e-9), normals(8, 500).map((x) => x * 1e-9 + 1e-10)],
  'a distant mean': [normals(9, 800).map((x) => 1e12 + x), normals(10, 700).map((x) => 1e12 + x + 0.5)],
  'huge values': [normals(11, 300).map((x) => x * 1e300), normals(12, 300).map((x) => x * 1e300 + 1e300)],
  'one outlier': [[...normals(13, 2000), 1e7], normals(14, 2000).map((x) => x + 0.3)],
  'a long tail': [normals(15, 3000).map((x) => Math.exp(2 * x)), normals(16, 3000).map((x) => Math.exp(2 * x + 0.2))],
  'all equal': [
    [3, 3, 3],
    [3, 3],
  ],
  apart: [
    [1, 2, 3],
    [7, 8],
  ],
};

const CROWDED = ['ties everywhere', 'both signs of zero', 'one outlier'];

async function load(reference: readonly number[], current: readonly number[]): Promise<void> {
  await session.command('drop', 'DROP TABLE IF EXISTS drift_distances SYNC');
  await session.command(
    'create',
    'CREATE TABLE drift_distances (side UInt8, key Int32, c0 Float64) ENGINE = MergeTree ORDER BY tuple()',
  );
  const rows = [...reference.map((c0) => ({ side: 0, key: 0, c0 })), ...current.map((c0) => ({ side: 1, key: 7, c0 }))];
  await engine.store.insert(
    'drift_distances',
    rows.map((row) => (Number.isNaN(row.c0) ? { ...row, c0: 'nan' } : row)),
  );
}

describe.each(Object.entries(SAMPLES))('distances of %s', (name, [reference, current]) => {
  const all = [...reference, ...current];
  const job = {
    column: COLUMN,
    min: Math.min(...all),
    max: Math.max(...all),
    m: reference.length,
    n: current.length,
  };
  const d = ks(reference, current).d ?? Number.NaN;

  it('from the sorted values are those of the statistics', async () => {
    await load(reference, current);
    const [found] = await readSortedDistances({ session, frame: FRAME, columns: [COLUMN], where: ['1', '1'] });
    expect(found?.key).toBe(7);
    expect(found?.ks).toBeCloseTo(d, 14);
    const w1 = wasserstein(reference, current).w1 ?? Number.NaN;
    const square = energy(reference, current).energySq ?? Number.NaN;
    // The last bit of a value holds its side.
    const lost = 2 ** -50 * Math.max(...all.map(Math.abs));
    expect(Math.abs((found?.wasserstein ?? Number.NaN) - w1)).toBeLessThanOrEqual(1e-9 * w1 + lost);
    expect(Math.abs((found?.energySquared ?? Number.NaN) - square)).toBeLessThanOrEqual(1e-9 * square + 2 * lost);
  });

  it('by buckets are exact in Kolmogorov-Smirnov and within a bucket in Wasserstein, or left to the other way', async () => {
    await load(reference, current);
    const found = (await readBucketDistances({ session, frame: FRAME, window: 7, jobs: [job] })).get('c0');
    expect(found === undefined).toBe(job.max === job.min);
    // Crowded values are left to ClickHouse's test; equal ones have no buckets.
    expect(found?.ks ?? d).toBeCloseTo(d, 14);
    expect(found !== undefined && found.ks === undefined).toBe(CROWDED.includes(name));
    const w1 = wasserstein(reference, current).w1 ?? Number.NaN;
    expect(Math.abs((found?.wasserstein ?? 0) - w1)).toBeLessThanOrEqual((job.max - job.min) / 32_768);
  });

  it('by buckets come with the order statistics of the reference, whatever else is in the table', async () => {
    await load([...reference, Number.NaN], [...current, Number.NaN]);
    await engine.store.insert('drift_distances', [{ side: 1, key: 8, c0: 1e300 }]);
    const sorted = reference.toSorted((a, b) => a - b);
    const wanted = [0, Math.floor(reference.length / 3), Math.floor(reference.length / 2), reference.length - 1];
    const ranks = new Map([['c0', wanted]]);
    const found = await readBucketDistances({ session, frame: FRAME, window: 7, jobs: [job], ranks });
    const order = found.get('c0')?.order;
    expect(order === undefined).toBe(job.max === job.min);
    for (const [rank, value] of order ?? []) expect(value - (sorted[rank] ?? Number.NaN)).toBe(0);
    if (order !== undefined) expect(order.size).toBe(new Set(wanted).size);
    await load(reference, current);
    const whole = { ...job, full: true };
    const alone = await readBucketDistances({ session, frame: FRAME, window: 7, only: true, jobs: [whole], ranks });
    expect(alone).toEqual(found);
  });

  it("by ClickHouse's test are exact in Kolmogorov-Smirnov", async () => {
    await load(reference, current);
    const found = await readKsTest({ session, frame: FRAME, window: 7, jobs: [job] });
    expect(found.get('c0')).toBeCloseTo(d, 14);
  });
});

describe('the reference as a grid of quantiles', () => {
  it('is off by less than half a grid step in Kolmogorov-Smirnov', async () => {
    const reference = normals(21, 25_000);
    const current = normals(22, 900).map((x) => x + 0.05);
    await load(reference, current);
    const [found] = await readSortedDistances({
      session,
      frame: FRAME,
      columns: [COLUMN],
      where: ['1', '1'],
      grid: true,
    });
    expect(Math.abs((found?.ks ?? Number.NaN) - (ks(reference, current).d ?? Number.NaN))).toBeLessThanOrEqual(
      0.5 / 10_000,
    );
  });
});
