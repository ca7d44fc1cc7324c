import { describe, expect, it } from 'vitest';
import { createLcg } from '../../src/stats/generator.ts';
import { partB } from '../../src/stats/vectors/part-b.ts';
import type { VectorInput } from '../../src/stats/vectors/types.ts';

const EXTREMES = [0, -0, 1, -1, 0.5, 1e-300, -1e-300, 5e-324, 1e9, 1e12 + 1, 1e308, -1e308, Number.MAX_VALUE, 2, 3];
const PARAMS = {
  alpha: 0.05,
  bins: 10,
  delta: 0.1,
  direction: 'either',
  fail_effect: 0.1,
  h: 5,
  k: 0.5,
  kind: 'distribution',
  lambda: 5,
  marginal_effect: 0.05,
  max_lag: 2,
  min_n: 1,
  min_seg: 2,
  penalty: 3,
  resamples: 20,
  seed: 1,
  tau2: 0.01,
  threshold: 0.5,
};

describe('every performance, canary, sequential and root-cause statistic', () => {
  it.each(Object.keys(partB))('%s returns finite numbers or null, and does not throw, on any finite input', (name) => {
    const next = createLcg(61);
    const adapter = partB[name];
    for (let round = 0; round < 150; round += 1) {
      const input: VectorInput = { params: PARAMS, ...sides(name, next) };
      const bad = unfit(adapter?.(input));
      expect(bad, `${name} on ${JSON.stringify(input)}`).toEqual([]);
    }
  });
});

/** Returns the paths of numbers that are NaN or infinite. */
function unfit(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path}=${value}`];
  if (typeof value !== 'object' || value === null) return value === undefined ? [`${path} is missing`] : [];
  return Object.entries(value).flatMap(([key, inner]) => unfit(inner, `${path}/${key}`));
}

function sides(name: string, next: () => number): { readonly reference: unknown; readonly current: unknown } {
  const size = Math.floor(next() * 14);
  const pick = (): number => EXTREMES[Math.floor(next() * EXTREMES.length)] ?? 0;
  const list = (make: () => number, n = size): number[] => Array.from({ length: n }, make);
  const bit = (): number => Math.floor(next() * 2);
  const count = (): number => Math.floor(next() * 4) ** 12;
  const labels = list(bit);
  const scored = (): unknown => ({ labels, scores: list(pick) });
  const trials = (): unknown => ({ k: bit(), n: 1 + bit() });
  const moments = (): unknown => ({ n: Math.floor(next() * 3), mean: pick(), var: Math.abs(pick()) });
  const shapes: Readonly<Record<string, () => unknown>> = {
    auc: scored,
    auc_compare: scored,
    auc_paired: scored,
    prob_metrics: scored,
    cbpe: () => ({ scores: list(pick) }),
    auc_binned: () => ({ positives: list(count), negatives: list(count) }),
    classification_metrics: () => ({ labels, predictions: list(bit) }),
    regression_metrics: () => ({ actual: list(pick), predicted: list(pick) }),
    partial_labels: () => ({ n: bit(), labeled: 0, correct: 0 }),
    canary_judge: () => ({
      metrics: list(bit).map((critical) => ({
        classification: ['pass', 'marginal', 'fail', 'nodata'][Math.floor(next() * 4)],
        weight: Math.abs(pick()),
        critical: critical === 1,
      })),
    }),
    msprt_normal: moments,
    msprt_bernoulli: trials,
    e_cusum: () => ({ p_values: list(pick) }),
    root_cause: () => ({
      features: list(pick).map((importance, i) => ({
        name: `f${i}`,
        importance,
        psi_corrected: pick(),
        onset: pick(),
      })),
    }),
  };
  const make = shapes[name] ?? ((): unknown => ({ values: list(pick) }));
  return { reference: make(), current: make() };
}
