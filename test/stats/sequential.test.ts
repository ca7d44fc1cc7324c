import { describe, expect, it } from 'vitest';
import { cusum } from '../../src/stats/cusum.ts';
import { cusumArl } from '../../src/stats/cusum-arl.ts';
import { eCusum } from '../../src/stats/e-cusum.ts';
import { createLcg } from '../../src/stats/generator.ts';
import { msprtBernoulli } from '../../src/stats/msprt-bernoulli.ts';
import { msprtNormal } from '../../src/stats/msprt-normal.ts';
import { pageHinkley } from '../../src/stats/page-hinkley.ts';

describe('msprtNormal', () => {
  it('equals the closed form', () => {
    // V = 2, tau2 = 2, d = 2: log Lambda = ln(1/2)/2 + 2 * 4 / (2 * 2 * 4)
    const arm = { n: 10, mean: 0, variance: 10 };
    const result = msprtNormal(arm, { ...arm, mean: 2 }, { tau2: 2, alpha: 0.1 });
    expect(result.logLambda).toBeCloseTo(Math.log(0.5) / 2 + 0.5, 14);
    expect(result.ciHigh).toBeCloseTo(2 + Math.sqrt(4 * Math.log(2 / 0.01)), 12);
  });

  it('excludes 0 from its interval exactly when p_always is below alpha', () => {
    const verdicts = Array.from({ length: 60 }, (_, i) => {
      const result = msprtNormal(
        { n: 100, mean: 0, variance: 4 },
        { n: 100, mean: i / 30, variance: 4 },
        { tau2: 0.25, alpha: 0.05 },
      );
      expect((result.pAlways ?? 1) < 0.05).toBe((result.ciLow ?? 0) > 0);
      return (result.pAlways ?? 1) < 0.05;
    });
    expect(new Set(verdicts).size).toBe(2);
  });

  it('raises few false alarms over 60 looks where a repeated z test raises many', () => {
    const normal = normalStream(createLcg(31));
    const runs = 300;
    let sequential = 0;
    let peeking = 0;
    for (let run = 0; run < runs; run += 1) {
      const alarms = looksWithoutEffect(normal);
      sequential += alarms.sequential ? 1 : 0;
      peeking += alarms.peeking ? 1 : 0;
    }
    expect(sequential / runs).toBeLessThan(0.05);
    expect(peeking / runs).toBeGreaterThan(0.2);
  });

  it('is degenerate without variance, insufficient without rows, and overflows to null', () => {
    const policy = { tau2: 1, alpha: 0.05 };
    const flat = { n: 5, mean: 1, variance: 0 };
    expect(msprtNormal(flat, flat, policy)).toMatchObject({ status: 'degenerate', pAlways: 1 });
    expect(msprtNormal({ ...flat, n: 0 }, flat, policy).status).toBe('insufficient_data');
    const far = { n: 5, mean: 1e308, variance: 1 };
    expect(msprtNormal({ ...far, mean: -1e308 }, far, policy)).toMatchObject({ status: 'overflow', logLambda: null });
    expect(() => msprtNormal(flat, flat, { tau2: 0, alpha: 0.05 })).toThrow('tau2');
  });
});

describe('msprtBernoulli', () => {
  it('is the normal test with the pooled variance', () => {
    const pooled = 40 / 2000;
    const variance = pooled * (1 - pooled);
    const policy = { tau2: 1e-4, alpha: 0.05 };
    expect(msprtBernoulli({ k: 10, n: 1000 }, { k: 30, n: 1000 }, policy).logLambda).toBeCloseTo(
      msprtNormal({ n: 1000, mean: 0.01, variance }, { n: 1000, mean: 0.03, variance }, policy).logLambda ?? 0,
      12,
    );
  });

  it('has no evidence without trials', () => {
    expect(msprtBernoulli({ k: 0, n: 0 }, { k: 1, n: 2 }, { tau2: 1, alpha: 0.05 }).status).toBe('insufficient_data');
  });
});

describe('cusum', () => {
  it('has about the false-alarm rate its approximation says', () => {
    const normal = normalStream(createLcg(32));
    let points = 0;
    const runs = 150;
    for (let run = 0; run < runs; run += 1) {
      const series = Array.from({ length: 4000 }, normal);
      points += 1 + (cusum(series, { k: 0.5, h: 4, twoSided: false }).alarmIndex ?? 3999);
    }
    expect(points / runs / (cusumArl(0.5, 4) ?? 0)).toBeGreaterThan(0.75);
    expect(points / runs / (cusumArl(0.5, 4) ?? 0)).toBeLessThan(1.25);
  });

  it('does not alarm at h itself, only above it', () => {
    expect(cusum([1.5, 1.5], { k: 0.5, h: 2 }).alarmIndex).toBeNull();
    expect(cusum([1.5, 1.5, 0.6], { k: 0.5, h: 2 }).alarmIndex).toBe(2);
  });

  it('holds its state over gaps and saturates instead of overflowing', () => {
    const { upper, lower } = cusum([null, 2, Number.NaN, 1e308, 1e308, -1e308, -1e308], { k: 0.5, h: 5 });
    expect(upper.slice(0, 3)).toEqual([0, 1.5, 1.5]);
    expect(upper[4]).toBe(Number.MAX_VALUE);
    expect([...upper, ...lower].every(Number.isFinite)).toBe(true);
  });
});

describe('cusumArl', () => {
  it('is continuous where the allowance vanishes and null where it does not fit a double', () => {
    const near = cusumArl(1e-4, 5) ?? 0;
    expect(cusumArl(0, 5)).toBeCloseTo(6.166 ** 2, 10);
    expect(near / 6.166 ** 2).toBeCloseTo(1, 3);
    expect(cusumArl(1, 1000)).toBeNull();
  });
});

describe('pageHinkley', () => {
  it('alarms on a rise of the mean and not on a fall', () => {
    const rise = [...Array<number>(20).fill(0), ...Array<number>(20).fill(1)];
    const fall = rise.map((value) => -value);
    expect(pageHinkley(rise, { delta: 0.05, lambda: 3 }).alarmIndex).toBeGreaterThan(20);
    expect(pageHinkley(fall, { delta: 0.05, lambda: 3 }).alarmIndex).toBeNull();
  });

  it('holds its state over gaps and stays finite', () => {
    const { ph } = pageHinkley([1, null, 2, 1e308, -1e308, 1e308], { delta: 0, lambda: 1 });
    expect(ph[1]).toBe(ph[0]);
    expect(ph.every(Number.isFinite)).toBe(true);
  });
});

describe('eCusum', () => {
  it('keeps its promised time between false alarms on uniform p-values', () => {
    const next = createLcg(33);
    const runs = 200;
    let windows = 0;
    for (let run = 0; run < runs; run += 1) {
      const path = eCusum(Array.from({ length: 3000 }, next), { threshold: 100 });
      windows += 1 + (path.alarmIndex ?? 2999);
    }
    expect(windows / runs).toBeGreaterThan(100);
  });

  it('alarms at the threshold itself and stays finite after many zeros', () => {
    expect(eCusum([0.25], { threshold: 1 }).alarmIndex).toBe(0);
    const { e } = eCusum([0, 0, 0, 0, 1], { threshold: 1 });
    expect(e.every(Number.isFinite)).toBe(true);
  });
});

/** Runs 60 looks of 20 rows an arm without effect; the repeated test is z at 5%. */
function looksWithoutEffect(normal: () => number): { readonly sequential: boolean; readonly peeking: boolean } {
  let a = 0;
  let b = 0;
  let sequential = false;
  let peeking = false;
  for (let look = 1; look <= 60; look += 1) {
    for (let row = 0; row < 20; row += 1) {
      a += normal();
      b += normal();
    }
    const n = look * 20;
    const result = msprtNormal(
      { n, mean: a / n, variance: 1 },
      { n, mean: b / n, variance: 1 },
      { tau2: 0.04, alpha: 0.05 },
    );
    sequential ||= (result.pAlways ?? 1) < 0.05;
    peeking ||= Math.abs((b - a) / n) / Math.sqrt(2 / n) > 1.959964;
  }
  return { sequential, peeking };
}

/** Draws nearly normal numbers: the sum of twelve uniform ones minus 6. */
function normalStream(next: () => number): () => number {
  return () => {
    let total = -6;
    for (let i = 0; i < 12; i += 1) total += next();
    return total;
  };
}
