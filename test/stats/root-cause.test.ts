import { describe, expect, it } from 'vitest';
import { bestSplit } from '../../src/stats/best-split.ts';
import { createLcg } from '../../src/stats/generator.ts';
import { lagTest } from '../../src/stats/lag-test.ts';
import { levelShifts } from '../../src/stats/level-shifts.ts';
import { noiseSd } from '../../src/stats/noise-sd.ts';
import { optimalPartition } from '../../src/stats/optimal-partition.ts';
import { rootCause } from '../../src/stats/root-cause.ts';

describe('noiseSd', () => {
  it('estimates sd and autocorrelation through a level shift', () => {
    const series = ar1(createLcg(41), 200_000, 0.5).map((value, i) => value + (i < 90_000 ? 0 : 50));
    const noise = noiseSd(series);
    expect(noise.rho).toBeCloseTo(0.5, 1);
    // The lag-1 difference of this AR(1) has variance 2 / (1 + rho); the long-run variance is 1 / (1 - rho)^2.
    expect(noise.sd).toBeCloseTo(Math.sqrt(1 / 1.5), 1);
    expect((noise.lrVar ?? 0) / 4).toBeGreaterThan(0.85);
    expect((noise.lrVar ?? 0) / 4).toBeLessThan(1.15);
  });

  it('is unmoved by a huge offset and scales with the unit', () => {
    const series = ar1(createLcg(50), 50, 0).map((value) => Math.round(value * 8));
    const plain = noiseSd(series);
    expect(noiseSd(series.map((value) => value + 1e12))).toEqual(plain);
    expect(noiseSd(series.map((value) => value * 2 ** 900))).toMatchObject({ status: 'overflow', rho: plain.rho });
    expect(noiseSd(series.map((value) => value * 2 ** -400)).sd).toBe((plain.sd ?? 0) * 2 ** -400);
  });
});

describe('bestSplit', () => {
  it('agrees with trying every split from the definition', () => {
    const series = ar1(createLcg(42), 40, 0.2).map((value, i) => value + (i < 23 ? 0 : 3));
    const gains = Array.from(
      { length: 31 },
      (_, i) => squares(series) - squares(series.slice(0, i + 5)) - squares(series.slice(i + 5)),
    );
    const best = bestSplit(series, 5);
    expect(best.index).toBe(gains.indexOf(Math.max(...gains)) + 5);
    expect(best.gain).toBeCloseTo(Math.max(...gains), 10);
  });

  it('takes the earlier of two equally good splits and keeps the index over gaps', () => {
    expect(bestSplit([0, 0, 1, 1, 0, 0], 2).index).toBe(2);
    expect(bestSplit([1, 1, Number.NaN, 1, 5, 5, 5], 2).index).toBe(4);
  });

  it('finds a shift on top of 1e12 and says overflow when the gain does not fit', () => {
    expect(bestSplit([1e12, 1e12, 1e12 + 1, 1e12 + 1], 2)).toEqual({ status: 'ok', index: 2, gain: 1 });
    expect(bestSplit([-1e308, -1e308, 1e308, 1e308], 2)).toEqual({ status: 'overflow', index: 2, gain: null });
  });
});

describe('optimalPartition', () => {
  it('agrees with trying every partition of a short series', () => {
    const next = createLcg(43);
    for (let round = 0; round < 20; round += 1) {
      const series = Array.from({ length: 9 }, () => Math.floor(next() * 10));
      const penalty = 5 + 30 * next();
      const { cost, changepoints } = optimalPartition(series, { penalty, minSegment: 2 });
      expect(cost).toBeCloseTo(cheapest(series, penalty, 2), 9);
      const bounds = [0, ...changepoints, series.length];
      const levels = bounds.slice(1).map((end, i) => squares(series.slice(bounds[i], end)));
      expect(levels.reduce((a, b) => a + b, 0) + penalty * changepoints.length).toBeCloseTo(cost ?? 0, 9);
    }
  });

  it('handles no values, constant values, and values at the ends of the range', () => {
    expect(optimalPartition([], { penalty: 1 })).toEqual({ changepoints: [], cost: null });
    expect(optimalPartition([3, 3, 3, 3], { penalty: 0, minSegment: 1 })).toEqual({ changepoints: [], cost: 0 });
    const huge = [...Array<number>(5).fill(-1e308), ...Array<number>(5).fill(1e308)];
    expect(optimalPartition(huge, { penalty: 1 })).toEqual({ changepoints: [5], cost: expect.any(Number) });
    expect(optimalPartition([1e-300, 2e-300], { penalty: 1, minSegment: 1 }).changepoints).toEqual([]);
  });
});

describe('levelShifts', () => {
  it('seldom finds a change in white noise and finds a real one', () => {
    const next = createLcg(44);
    let alarms = 0;
    let found = 0;
    for (let round = 0; round < 300; round += 1) {
      const noise = ar1(next, 168, 0);
      if ((levelShifts(noise).changepoints ?? []).length > 0) alarms += 1;
      const shifted = noise.map((value, i) => value + (i < 100 ? 0 : 2));
      if ((levelShifts(shifted).changepoints ?? []).some((index) => Math.abs(index - 100) <= 3)) found += 1;
    }
    expect(alarms / 300).toBeLessThan(0.02);
    expect(found / 300).toBeGreaterThan(0.9);
  });

  it('finds the step of a series that is constant but for the step', () => {
    const step = [...Array<number>(30).fill(0.01), ...Array<number>(20).fill(0.4)];
    expect(levelShifts(step)).toMatchObject({ status: 'ok', changepoints: [30], rho: null, weak: false });
    expect(levelShifts(Array<number>(40).fill(2)).changepoints).toEqual([]);
    expect(levelShifts([1, 2, 3]).status).toBe('insufficient_data');
  });

  it('calls strongly autocorrelated evidence weak', () => {
    const next = createLcg(45);
    const share = (rho: number): number =>
      Array.from({ length: 60 }, () => levelShifts(ar1(next, 400, rho)).weak).filter(Boolean).length / 60;
    expect(share(0.95)).toBeGreaterThan(0.7);
    expect(share(0)).toBeLessThan(0.05);
  });

  it('calls most false changes in autocorrelated noise weak', () => {
    const next = createLcg(51);
    let changed = 0;
    let hidden = 0;
    for (let round = 0; round < 300; round += 1) {
      const { changepoints, weak } = levelShifts(ar1(next, 168, 0.7));
      if (changepoints === null || changepoints.length === 0) continue;
      changed += 1;
      if (!weak) hidden += 1;
    }
    expect(changed).toBeGreaterThan(25);
    expect(hidden / changed).toBeLessThan(0.3);
  });

  it('stays finite at the ends of the range', () => {
    const series = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? -1e308 : 1e308));
    expect(levelShifts(series)).toMatchObject({ status: 'ok', residualRho: expect.any(Number) });
  });
});

describe('lagTest', () => {
  it('finds which series leads, by how much, and ignores gaps', () => {
    const leader = ar1(createLcg(46), 120, 0.3);
    const follower = leader.map((_, i) => (i < 3 ? 0 : 2 * (leader[i - 3] ?? 0)));
    expect(lagTest(leader, follower, 6)).toMatchObject({ status: 'ok', lag: 3, rho: 1, p: 1 / 108 });
    expect(lagTest(follower, leader, 6)).toMatchObject({ lag: -3, rho: 1 });
    const gaps = leader.map((value, i) => (i % 11 === 0 ? null : value));
    expect(lagTest(gaps, follower, 6)).toMatchObject({ lag: 3, rho: 1 });
  });

  it('depends on ranks only', () => {
    const first = ar1(createLcg(47), 60, 0.5);
    const second = ar1(createLcg(48), 60, 0.5);
    expect(
      lagTest(
        first.map(Math.exp),
        second.map((value) => value ** 3),
        4,
      ),
    ).toEqual(lagTest(first, second, 4));
  });

  it('is not fooled by two independent autocorrelated series as often as a plain test', () => {
    const next = createLcg(49);
    let significant = 0;
    for (let round = 0; round < 100; round += 1) {
      if ((lagTest(ar1(next, 96, 0.9), ar1(next, 96, 0.9), 4).p ?? 1) < 0.05) significant += 1;
    }
    expect(significant).toBeLessThan(20);
  });

  it('needs more points than the lags use up, equal lengths and a whole lag', () => {
    expect(lagTest([1, 2, 3], [1, 2, 3], 1)).toMatchObject({ status: 'insufficient_data', rhos: [null, null, null] });
    expect(() => lagTest([1], [1, 2], 0)).toThrow('same steps');
    expect(() => lagTest([1], [1], 0.5)).toThrow('whole number');
  });
});

describe('rootCause', () => {
  it('ranks by importance times shift and sums to one', () => {
    const ranked = rootCause([
      { name: 'stable', importance: 10, psiCorrected: -0.01, onset: null },
      { name: 'unused', importance: 0, psiCorrected: 5, onset: 1 },
      { name: 'moved', importance: 1, psiCorrected: 0.36, onset: 7 },
      { name: 'untested', importance: 3, psiCorrected: null, onset: null },
      { name: 'both', importance: 2, psiCorrected: 0.49, onset: 9 },
    ]);
    expect(ranked.map(({ name }) => name)).toEqual(['both', 'moved', 'unused', 'stable', 'untested']);
    expect(ranked.map(({ contribution }) => contribution)).toEqual([0.7, 0.3, 0, 0, 0]);
  });

  it('accepts any name and any finite size', () => {
    const ranked = rootCause([
      { name: '__proto__', importance: 1e308, psiCorrected: 1e308, onset: 0 },
      { name: 'b', importance: 1e308, psiCorrected: 1e308, onset: 0 },
      { name: 'c', importance: -1, psiCorrected: 1, onset: 0 },
    ]);
    expect(ranked).toEqual([
      { name: '__proto__', contribution: 0.5 },
      { name: 'b', contribution: 0.5 },
      { name: 'c', contribution: 0 },
    ]);
  });
});

/** Draws x[t] = rho x[t-1] + e with nearly normal e of sd 1. */
function ar1(next: () => number, n: number, rho: number): number[] {
  let state = 0;
  return Array.from({ length: n }, () => {
    let noise = -6;
    for (let i = 0; i < 12; i += 1) noise += next();
    state = rho * state + noise;
    return state;
  });
}

function squares(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((total, value) => total + (value - mean) ** 2, 0);
}

/** Tries every partition by recursion on the first segment. */
function cheapest(series: readonly number[], penalty: number, least: number): number {
  let best = squares(series);
  for (let cut = least; cut <= series.length - least; cut += 1) {
    best = Math.min(best, squares(series.slice(0, cut)) + penalty + cheapest(series.slice(cut), penalty, least));
  }
  return best;
}
