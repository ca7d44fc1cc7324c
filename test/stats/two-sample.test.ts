import { describe, expect, it } from 'vitest';
import { andersonDarling } from '../../src/stats/anderson-darling.ts';
import { clean } from '../../src/stats/clean.ts';
import { cvm } from '../../src/stats/cvm.ts';
import { effectiveSampleSize } from '../../src/stats/effective-sample-size.ts';
import { energy } from '../../src/stats/energy.ts';
import { createLcg, generate } from '../../src/stats/generator.ts';
import { ks } from '../../src/stats/ks.ts';
import { meanShift } from '../../src/stats/mean-shift.ts';
import { varianceShift } from '../../src/stats/variance-shift.ts';
import { wasserstein } from '../../src/stats/wasserstein.ts';

const STATISTICS = { ks, wasserstein, energy, cvm, andersonDarling, meanShift, varianceShift };

describe('two-sample statistics on any finite or missing input', () => {
  it.each(Object.entries(STATISTICS))('%s never throws and never returns NaN or infinity', (_name, statistic) => {
    const next = createLcg(3);
    const draw = (): number[] => {
      const few = Array.from({ length: 1 + Math.floor(next() * 4) }, () => pick(next));
      return Array.from({ length: Math.floor(next() * 9) }, () => few[Math.floor(next() * few.length)] ?? 0);
    };
    for (let round = 0; round < 3000; round += 1) {
      const sides = [draw(), draw()] as const;
      const found = Object.values(statistic(...sides)).filter((value) => typeof value === 'number');
      expect(found.filter((value) => !Number.isFinite(value)).map(() => sides)).toEqual([]);
    }
  });

  it('says overflow when a distance does not fit a double', () => {
    expect(wasserstein([-1.7e308], [1.7e308]).status).toBe('overflow');
    expect(energy([-1.7e308], [1.7e308]).status).toBe('overflow');
    expect(meanShift([-1.7e308, -1.7e308], [1.7e308, 1.7e308]).status).toBe('overflow');
  });
});

describe('distances of samples', () => {
  it('are equal to the shift when a sample is moved', () => {
    const sample = numbers(5, 2000, 0);
    const moved = sample.map((value) => value + 0.5);
    expect(wasserstein(sample, moved).w1).toBeCloseTo(0.5, 12);
    expect(meanShift(sample, moved).diff).toBeCloseTo(0.5, 12);
    expect(varianceShift(sample, moved).varRatio).toBeCloseTo(1, 12);
  });

  it('are symmetric, zero on equal samples and independent of the order of rows', () => {
    const a = numbers(6, 700, 0);
    const b = numbers(7, 900, 0.3);
    for (const distance of [
      (x: readonly number[], y: readonly number[]) => ks(x, y).d,
      (x: readonly number[], y: readonly number[]) => wasserstein(x, y).w1,
      (x: readonly number[], y: readonly number[]) => energy(x, y).energy,
      (x: readonly number[], y: readonly number[]) => cvm(x, y).t,
    ]) {
      expect(distance(a, b)).toBeCloseTo(distance(b, a) ?? Number.NaN, 12);
      expect(distance([...a].reverse(), b)).toBe(distance(a, b));
      expect(distance(a, b)).toBeGreaterThan(distance(a, a) ?? Number.NaN);
    }
    expect(ks(a, a).d).toBe(0);
    expect(wasserstein(a, a).w1).toBe(0);
    expect(energy(a, a).energy).toBe(0);
  });

  it('match energy distance by its definition with pairs', () => {
    const a = numbers(8, 40, 0);
    const b = numbers(9, 30, 1);
    const pairs = (x: readonly number[], y: readonly number[]): number =>
      x.flatMap((u) => y.map((v) => Math.abs(u - v))).reduce((sum, gap) => sum + gap, 0) / (x.length * y.length);
    expect(energy(a, b).energySq).toBeCloseTo(2 * pairs(a, b) - pairs(a, a) - pairs(b, b), 12);
  });

  it('keep the exact Kolmogorov-Smirnov p-value where 1 - p would round away', () => {
    const low = Array.from({ length: 60 }, (_, index) => index);
    const high = low.map((value) => value + 100);
    // Two of the C(120, 60) orders are as extreme: C(120, 60) = 9.661490884036332e34.
    expect((ks(low, high).pExact ?? 0) / (2 / 9.661490884036332e34)).toBeCloseTo(1, 9);
  });

  it('take 100 000 rows a side in linear-logarithmic time', () => {
    const a = numbers(10, 100_000, 0);
    const b = numbers(11, 100_000, 0.05);
    const start = process.cpuUsage();
    for (const statistic of Object.values(STATISTICS)) statistic(a, b);
    effectiveSampleSize(Array.from({ length: 100_000 }, (_, index) => index));
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(10);
  });
});

describe('clean', () => {
  it('counts each kind of missing value and keeps the finite ones in order', () => {
    const cleaned = clean([3, null, Number.NaN, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, undefined]);
    expect([...cleaned.finite]).toEqual([3, 1]);
    expect(cleaned).toMatchObject({ nTotal: 7, nNull: 2, nNan: 1, nPosinf: 1, nNeginf: 1, nFinite: 2 });
  });
});

const HARD = [
  0,
  -0,
  1,
  2,
  -1,
  1e308,
  -1e308,
  Number.MAX_VALUE,
  1e-300,
  5e-324,
  -5e-324,
  1e9,
  1e9 + 1,
  1e12,
  0.1,
  1e155,
];
const MISSING = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function pick(next: () => number): number {
  const pool = [...HARD, ...MISSING];
  return pool[Math.floor(next() * pool.length)] ?? 0;
}

function numbers(seed: number, n: number, shift: number): readonly number[] {
  const made = generate({ seed, n, dist: 'irwinhall12', params: { numbers: { loc: shift, scale: 1 } } });
  return made.kind === 'numbers' ? made.values : [];
}
