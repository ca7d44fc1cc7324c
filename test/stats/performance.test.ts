import { describe, expect, it } from 'vitest';
import { auc } from '../../src/stats/auc.ts';
import { aucBinned } from '../../src/stats/auc-binned.ts';
import { aucCompare } from '../../src/stats/auc-compare.ts';
import { aucPaired } from '../../src/stats/auc-paired.ts';
import { bootstrapDiff } from '../../src/stats/bootstrap-diff.ts';
import { cbpe, cbpeFromSums } from '../../src/stats/cbpe.ts';
import { classificationMetrics, confusionCounts } from '../../src/stats/classification-metrics.ts';
import type { Scored } from '../../src/stats/delong.ts';
import { createLcg, generate } from '../../src/stats/generator.ts';
import { partialLabels } from '../../src/stats/partial-labels.ts';
import { calibrationError, probMetrics } from '../../src/stats/prob-metrics.ts';
import { regressionMetrics, regressionMetricsFromSums } from '../../src/stats/regression-metrics.ts';
import { finiteMean } from '../../src/stats/scale.ts';

describe('auc', () => {
  it('agrees with counting all pairs, area and DeLong variance, on tied scores', () => {
    const rows = scored(400, 5, 8);
    const brute = bruteForce(rows);
    const fast = auc(rows);
    expect(fast.auc).toBeCloseTo(brute.area, 13);
    expect(fast.variance).toBeCloseTo(brute.variance, 13);
  });

  it('is the same after any increasing change of the scores and complements when labels swap', () => {
    const rows = scored(300, 6, 0);
    const cubed = { ...rows, scores: rows.scores.map((score) => score ** 3 - 7) };
    const swapped = { ...rows, labels: rows.labels.map((label) => 1 - label) };
    expect(auc(cubed)).toEqual(auc(rows));
    expect((auc(swapped).auc ?? 0) + (auc(rows).auc ?? 0)).toBeCloseTo(1, 14);
  });

  it('leaves out rows without a usable label or score', () => {
    const dirty = {
      labels: [1, 0, 1, 0, 2, Number.NaN],
      scores: [0.9, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 0, 1],
    };
    expect(auc(dirty)).toMatchObject({ status: 'ok', auc: 1, variance: null });
  });

  // Comparing every pair of them would outlast the test.
  it('ranks a hundred thousand rows', () => {
    expect(auc(scored(100_000, 7, 0)).auc).toBeGreaterThan(0.7);
  });

  it('refuses labels and scores of different length', () => {
    expect(() => auc({ labels: [1], scores: [] })).toThrow('same length');
  });
});

describe('aucBinned', () => {
  it('encloses the raw area within its error bound', () => {
    const rows = scored(2000, 8, 0);
    const histogram = (wanted: number): number[] => {
      const counts = Array<number>(12).fill(0);
      rows.scores.forEach((score, i) => {
        if (rows.labels[i] === wanted) counts[Math.floor(score * 12)] = (counts[Math.floor(score * 12)] ?? 0) + 1;
      });
      return counts;
    };
    const binned = aucBinned(histogram(1), histogram(0));
    expect(Math.abs((binned.auc ?? 0) - (auc(rows).auc ?? 1))).toBeLessThanOrEqual(binned.errorBound ?? 0);
    expect(binned.errorBound).toBeLessThan(0.05);
  });
});

describe('aucCompare and aucPaired', () => {
  it('gives a negative difference when the current window is worse', () => {
    const good: Scored = { labels: [1, 1, 1, 0, 0, 0], scores: [0.9, 0.8, 0.35, 0.4, 0.2, 0.1] };
    const bad: Scored = { labels: [1, 1, 1, 0, 0, 0], scores: [0.3, 0.2, 0.6, 0.5, 0.4, 0.1] };
    expect(aucCompare(good, bad)).toMatchObject({ status: 'ok', diff: 5 / 9 - 8 / 9 });
  });

  it('reports no p-value when two perfect windows leave no variance', () => {
    const perfect: Scored = { labels: [1, 1, 0, 0], scores: [0.9, 0.8, 0.2, 0.1] };
    expect(aucCompare(perfect, perfect)).toEqual({ status: 'degenerate', diff: 0, z: null, p: null });
  });

  it('knows that paired scores are correlated: a smaller variance than two independent windows', () => {
    const rows = scored(500, 9, 0);
    const next = createLcg(10);
    const challenger = rows.scores.map((score) => score + 0.1 * next());
    const paired = aucPaired({ labels: rows.labels, champion: rows.scores, challenger });
    const independent = (auc(rows).variance ?? 0) + (auc({ ...rows, scores: challenger }).variance ?? 0);
    expect(paired.variance).toBeLessThan(independent / 4);
    expect(paired.diff).toBeCloseTo((auc({ ...rows, scores: challenger }).auc ?? 0) - (auc(rows).auc ?? 0), 13);
  });
});

describe('probMetrics', () => {
  it('equals the hand calculation', () => {
    const metrics = probMetrics({ labels: [1, 0], scores: [0.8, 0.4] }, 2);
    expect(metrics.logLoss).toBeCloseTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 14);
    expect(metrics.brier).toBeCloseTo((0.04 + 0.16) / 2, 14);
    expect(metrics.ece).toBeCloseTo((0.2 + 0.4) / 2, 14);
    expect(metrics.mce).toBeCloseTo(0.4, 14);
  });

  it('gives the calibration error of bin sums that a database returns', () => {
    const bins = [
      { count: 10, scoreSum: 1, positives: 2 },
      { count: 0, scoreSum: 0, positives: 0 },
      { count: 30, scoreSum: 24, positives: 27 },
    ];
    expect(calibrationError(bins)).toEqual({ status: 'ok', ece: 0.1, mce: 0.1 });
    expect(calibrationError([])).toEqual({ status: 'insufficient_data', ece: null, mce: null });
  });

  it('leaves out scores that are no probabilities and refuses zero bins', () => {
    expect(probMetrics({ labels: [1, 1], scores: [1e308, -1] }).status).toBe('insufficient_data');
    expect(() => probMetrics({ labels: [1], scores: [0.5] }, 0)).toThrow('positive integer');
  });
});

describe('classificationMetrics', () => {
  it('stays right on counts whose products pass 2^53', () => {
    const metrics = classificationMetrics({ tp: 9e9, fp: 1e9, tn: 8e9, fn: 2e9 });
    expect(metrics.mcc).toBeCloseTo(7 / Math.sqrt(99), 12);
    expect(metrics.f1).toBeCloseTo(18 / 21, 14);
  });

  it('counts only rows that have both a label and a prediction', () => {
    expect(confusionCounts([1, 0, Number.NaN, 1], [1, 1, 1, 5])).toEqual({ tp: 1, fp: 1, tn: 0, fn: 0 });
  });
});

describe('regressionMetrics', () => {
  it('equals the hand calculation and the calculation from sums', () => {
    const rows = regressionMetrics([1, 2, 4], [2, 2, 3]);
    expect(rows.mae).toBeCloseTo(2 / 3, 14);
    expect(rows.rmse).toBeCloseTo(Math.sqrt(2 / 3), 14);
    expect(rows.bias).toBeCloseTo(0, 14);
    expect(rows.mape).toBeCloseTo((1 + 0 + 0.25) / 3, 14);
    expect(rows.smape).toBeCloseTo((2 / 3 + 0 + 2 / 7) / 3, 14);
    expect(rows.wape).toBeCloseTo(2 / 7, 14);
    expect(rows.r2).toBeCloseTo(1 - 2 / (14 / 3), 13);
    const sums = regressionMetricsFromSums({
      n: 3,
      error: 0,
      absError: 2,
      squaredError: 2,
      absActual: 7,
      squaredDeviation: 14 / 3,
      percentage: 1.25,
      percentageExcluded: 0,
      symmetric: 2 / 3 + 2 / 7,
    });
    for (const key of ['mae', 'rmse', 'bias', 'mape', 'smape', 'wape', 'r2'] as const) {
      expect(sums[key]).toBeCloseTo(rows[key] ?? Number.NaN, 13);
    }
  });

  it('survives the largest and the smallest doubles', () => {
    const huge = regressionMetrics([1e308, -1e308], [0.5e308, -0.5e308]);
    expect(huge).toMatchObject({ status: 'ok', bias: 0, wape: 0.5, mape: 0.5 });
    expect(huge.rmse).toBeCloseTo(0.5e308, -300);
    expect(huge.r2).toBeCloseTo(0.75, 14);
    const tiny = regressionMetrics([1e-300, 3e-300], [2e-300, 3e-300]);
    expect((tiny.rmse ?? 0) / 1e-300).toBeCloseTo(Math.SQRT1_2, 12);
    expect(tiny.r2).toBeCloseTo(0.5, 12);
  });

  it('says overflow instead of returning Infinity', () => {
    expect(regressionMetrics([1e308], [-1e308])).toMatchObject({ status: 'overflow', mae: null, smape: 2, wape: 2 });
    expect(regressionMetrics([5e-324], [1e308])).toMatchObject({ status: 'overflow', mape: null, mae: 1e308 });
  });
});

describe('partialLabels', () => {
  it('narrows to the accuracy as labels arrive', () => {
    const widths = [0, 40, 100].map((labeled) => {
      const bounds = partialLabels({ n: 100, labeled, correct: labeled * 0.9 });
      return (bounds.upper ?? 0) - (bounds.lower ?? 0);
    });
    expect(widths).toEqual([1, 0.6, 0]);
  });
});

describe('cbpe', () => {
  it('agrees with counting all weighted pairs', () => {
    const scores = scored(200, 12, 20).scores;
    let wins = 0;
    for (const p of scores) for (const q of scores) wins += p * (1 - q) * (p > q ? 1 : p === q ? 0.5 : 0);
    const positives = scores.reduce((a, b) => a + b, 0);
    expect(cbpe(scores).auc).toBeCloseTo(wins / (positives * (scores.length - positives)), 12);
  });

  it('covers the true accuracy of calibrated scores about 95 times in 100', () => {
    const next = createLcg(13);
    let covered = 0;
    for (let round = 0; round < 400; round += 1) {
      const scores = Array.from({ length: 300 }, () => next());
      const right = scores.filter((score) => (next() < score ? score >= 0.5 : score < 0.5)).length;
      const estimate = cbpe(scores);
      const accuracy = right / scores.length;
      if (accuracy >= (estimate.ciLow ?? 1) && accuracy <= (estimate.ciHigh ?? 0)) covered += 1;
    }
    expect(covered / 400).toBeGreaterThan(0.92);
    expect(covered / 400).toBeLessThan(0.98);
  });

  it('gives the same numbers from sums, without the area', () => {
    const { auc: area, ...rest } = cbpe([0.9, 0.2], 0.5);
    expect(area).toBeCloseTo((0.9 * (0.1 / 2 + 0.8) + 0.2 * (0.8 / 2)) / (1.1 * 0.9), 14);
    const sums = cbpeFromSums({ n: 2, tp: 0.9, fp: 1 - 0.9, tn: 0.8, fn: 0.2, variance: 0.9 * (1 - 0.9) + 0.2 * 0.8 });
    for (const key of ['accuracy', 'sd', 'precision', 'recall', 'f1'] as const) {
      expect(sums[key]).toBeCloseTo(rest[key] ?? Number.NaN, 14);
    }
    expect(sums.auc).toBeNull();
  });

  it('leaves out scores that are no probabilities', () => {
    expect(cbpe([1.5, -0.1, Number.NaN]).status).toBe('insufficient_data');
  });
});

describe('bootstrapDiff', () => {
  it('gives the same interval for the same seed and another for another seed', () => {
    const sample = { reference: [1, 2, 3, 4, 5], current: [2, 4, 6, 8], metric: finiteMean, resamples: 200 };
    expect(bootstrapDiff({ ...sample, seed: 3 })).toEqual(bootstrapDiff({ ...sample, seed: 3 }));
    expect(bootstrapDiff({ ...sample, seed: 3 })).not.toEqual(bootstrapDiff({ ...sample, seed: 4 }));
    expect(bootstrapDiff(sample).diff).toBe(2);
  });

  it('takes rows of any shape and leaves out resamples without a value', () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ label: i === 0 ? 1 : 0, score: i / 30 }));
    const result = bootstrapDiff({
      reference: rows,
      current: rows,
      metric: (some) => auc({ labels: some.map((row) => row.label), scores: some.map((row) => row.score) }).auc,
      resamples: 100,
    });
    expect(result).toMatchObject({ status: 'ok', diff: 0, ciLow: 0, ciHigh: 0 });
  });

  it('has no interval without rows and refuses zero resamples', () => {
    expect(bootstrapDiff({ reference: [], current: [1], metric: finiteMean }).status).toBe('insufficient_data');
    expect(() => bootstrapDiff({ reference: [1], current: [1], metric: finiteMean, resamples: 0 })).toThrow('positive');
  });
});

function scored(n: number, seed: number, round: number): Scored {
  const sample = generate({ seed, n, dist: 'scored', params: { numbers: { p: 0.3, signal: 0.8, round } } });
  if (sample.kind !== 'scored') throw new Error('The generator did not return labels with scores.');
  return sample;
}

/** DeLong's estimate by its definition, over all pairs. */
function bruteForce({ labels, scores }: Scored): { area: number; variance: number } {
  const positives = scores.filter((_, i) => labels[i] === 1);
  const negatives = scores.filter((_, i) => labels[i] === 0);
  const kernel = (p: number, q: number): number => (p > q ? 1 : p === q ? 0.5 : 0);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const variance = (values: readonly number[]): number =>
    values.reduce((total, value) => total + (value - mean(values)) ** 2, 0) / (values.length - 1);
  const v10 = positives.map((p) => mean(negatives.map((q) => kernel(p, q))));
  const v01 = negatives.map((q) => mean(positives.map((p) => kernel(p, q))));
  return { area: mean(v10), variance: variance(v10) / v10.length + variance(v01) / v01.length };
}
