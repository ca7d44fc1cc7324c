import { describe, expect, it } from 'vitest';
import { canaryJudge } from '../../src/stats/canary-judge.ts';
import { type CanaryPolicy, canaryMetric, defaultCanaryPolicy } from '../../src/stats/canary-metric.ts';
import { createLcg } from '../../src/stats/generator.ts';
import { mannWhitney, mannWhitneyCounts } from '../../src/stats/mann-whitney.ts';
import { median7, quantile7 } from '../../src/stats/quantile7.ts';

describe('mannWhitney', () => {
  it('counts winning pairs and halves ties', () => {
    const next = createLcg(1);
    const x = Array.from({ length: 60 }, () => Math.floor(next() * 9));
    const y = Array.from({ length: 45 }, () => Math.floor(next() * 11));
    let wins = 0;
    for (const a of x) for (const b of y) wins += b > a ? 1 : b === a ? 0.5 : 0;
    expect(mannWhitney(x, y).u).toBe(wins);
    expect((mannWhitney(x, y).u ?? 0) + (mannWhitney(y, x).u ?? 0)).toBe(x.length * y.length);
  });

  it('narrows the variance for ties as calculated by hand', () => {
    // U = 6, mean 4.5, two groups of three ties: variance 9 / 12 (7 - 48 / 30) = 4.05
    expect(mannWhitney([1, 1, 2], [1, 2, 2])).toMatchObject({ u: 6, pExact: null });
    expect(mannWhitney([1, 1, 2], [1, 2, 2]).z).toBeCloseTo(1 / Math.sqrt(4.05), 14);
  });

  it('has the exact p-values of the published table for sides of 5', () => {
    expect(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).pExact).toBeCloseTo(2 / 252, 14);
    expect(mannWhitney([1, 2, 3, 4, 6], [5, 7, 8, 9, 10]).pExact).toBeCloseTo(4 / 252, 14);
    expect(mannWhitney([1, 2, 3, 4, 7], [5, 6, 8, 9, 10]).pExact).toBeCloseTo(8 / 252, 14);
  });

  it('estimates a pure shift exactly and gives up on it only for very many pairs', () => {
    const x = Array.from({ length: 300 }, (_, i) => (i * 7919) % 1009);
    const y = x.map((value) => value + 12);
    expect(mannWhitney(x, y).hodgesLehmann).toBe(12);
    expect(mannWhitney([...x, ...x], [...y, ...y]).hodgesLehmann).toBeNull();
  });

  it('says the same about bin counts as about values spread over the bins', () => {
    const counts = mannWhitneyCounts([5, 3, 2], [1, 4, 6]);
    const spread = (of: readonly number[]): number[] => of.flatMap((count, bin) => Array<number>(count).fill(bin));
    const { pExact, hodgesLehmann, ...values } = mannWhitney(spread([5, 3, 2]), spread([1, 4, 6]));
    expect(counts).toEqual(values);
    expect(pExact).toBeNull();
    expect(hodgesLehmann).toBe(1);
    expect(() => mannWhitneyCounts([1], [1, 2])).toThrow('same bins');
  });

  it('rejects equal distributions about 5 times in 100', () => {
    const next = createLcg(2);
    let rejected = 0;
    for (let round = 0; round < 8000; round += 1) {
      const x = Array.from({ length: 40 }, () => next());
      const y = Array.from({ length: 30 }, () => next());
      if ((mannWhitney(x, y).p ?? 1) < 0.05) rejected += 1;
    }
    expect(rejected / 8000).toBeGreaterThan(0.04);
    expect(rejected / 8000).toBeLessThan(0.06);
  });
});

describe('quantile7', () => {
  it('interpolates between order statistics and does not overflow', () => {
    expect(quantile7([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(median7([3, 1, 2])).toBe(2);
    expect(median7([-1e308, 1e308])).toBe(0);
    expect(median7([])).toBeNull();
  });
});

describe('canaryMetric', () => {
  const policy: CanaryPolicy = { direction: 'increase', alpha: 0.01, minN: 5, marginalEffect: 0.05, failEffect: 0.1 };
  const baseline = Array.from({ length: 200 }, (_, i) => 100 + (i % 10) / 10);
  const times = (factor: number): number[] => baseline.map((value) => value * factor);

  it.each([
    ['pass', 'increase', 1.03],
    ['marginal', 'increase', 1.07],
    ['fail', 'increase', 1.2],
    ['pass', 'increase', 0.8],
    ['fail', 'decrease', 0.8],
    ['pass', 'decrease', 1.2],
    ['marginal', 'decrease', 0.93],
    ['fail', 'either', 0.8],
    ['fail', 'either', 1.2],
  ] as const)('is %s for harm in direction %s at %f times the baseline', (expected, direction, factor) => {
    const result = canaryMetric({ kind: 'distribution', baseline, canary: times(factor) }, { ...policy, direction });
    expect(result.classification).toBe(expected);
  });

  it('never passes a metric without data', () => {
    const none = canaryMetric({ kind: 'distribution', baseline, canary: [Number.NaN] }, { ...policy, minN: 0 });
    expect(none).toEqual({ classification: 'nodata', p: null, effect: null });
    const empty = { kind: 'proportion', baseline: { k: 0, n: 0 }, canary: { k: 0, n: 0 } } as const;
    expect(canaryMetric(empty, { ...policy, minN: 0 }).classification).toBe('nodata');
  });

  it('lets p alone decide when the baseline median is zero', () => {
    const zeros = Array<number>(50).fill(0);
    const ones = Array<number>(50).fill(1);
    const worse = canaryMetric({ kind: 'distribution', baseline: zeros, canary: ones }, policy);
    expect(worse).toMatchObject({ classification: 'fail', effect: null });
    const mixed = canaryMetric({ kind: 'distribution', baseline: zeros, canary: [...zeros, 1] }, policy);
    expect(mixed).toMatchObject({ classification: 'pass', effect: 0 });
  });

  it('tests a proportion in the direction that harms', () => {
    const arms = { kind: 'proportion', baseline: { k: 900, n: 1000 }, canary: { k: 700, n: 1000 } } as const;
    const floors = { ...policy, marginalEffect: 0.002, failEffect: 0.01 };
    expect(canaryMetric(arms, { ...floors, direction: 'decrease' }).classification).toBe('fail');
    expect(canaryMetric(arms, { ...floors, direction: 'increase' }).classification).toBe('pass');
    expect(canaryMetric(arms, { ...floors, direction: 'either' }).classification).toBe('fail');
  });

  it('shares the level among the metrics by default', () => {
    expect(defaultCanaryPolicy('proportion', 5)).toMatchObject({ alpha: 0.002, failEffect: 0.01, minN: 50 });
    expect(defaultCanaryPolicy('distribution', 1)).toMatchObject({ alpha: 0.01, failEffect: 0.1 });
  });
});

describe('canaryJudge', () => {
  const metric = (classification: 'pass' | 'marginal' | 'fail' | 'nodata', critical = false, weight = 1) => ({
    classification,
    weight,
    critical,
  });

  it.each([
    ['fail', [metric('pass', false, 99), metric('fail', true)]],
    ['fail', [metric('fail', true), metric('nodata', true)]],
    ['inconclusive', [metric('pass', false, 99), metric('nodata', true)]],
    ['inconclusive', [metric('nodata'), metric('nodata')]],
    ['inconclusive', [metric('pass', false, 0)]],
    ['fail', [metric('fail'), metric('nodata', true)]],
    ['marginal', [metric('pass', false, 99), metric('marginal', true)]],
    ['pass', [metric('pass', false, 19), metric('fail')]],
    ['pass', [metric('pass'), metric('nodata')]],
  ] as const)('is %s for %j', (verdict, metrics) => {
    expect(canaryJudge(metrics).verdict).toBe(verdict);
  });

  it('keeps a finite score with huge weights', () => {
    expect(canaryJudge([metric('pass', false, 1e308), metric('fail', false, 1e308)]).score).toBeCloseTo(50, 10);
  });
});
