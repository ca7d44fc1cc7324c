import { binGaps, binGapsSql } from './binned-gap.ts';
import { type DriftStatistic, requireRows, toSides } from './drift-statistic.ts';
import type { Outcome } from './outcome.ts';
import { sumOver } from './sum.ts';

/** Wasserstein-1 distance of two histograms and how far it can be from the exact one. */
export type WassersteinBinned = Outcome<{ w1: number; errorBound: number }>;

/**
 * Computes W1 of two histograms with linear distribution functions inside the bins, in units of x.
 *
 * errorBound = sum w_i (p_i + q_i) / 2: each side's mass can sit anywhere in its bin. With reference-quantile bins the
 * two tail bins dominate it.
 *
 * @param edges  B + 1 finite edges (the outer ones are the stored minimum and maximum); bins of width 1 when absent.
 * @throws E_STATS_SHAPE  when lengths do not fit.
 * @see L. N. Vaserstein, Probl. Inf. Transm. 5 (1969)
 */
export function wassersteinBinned(
  reference: readonly number[],
  current: readonly number[],
  edges?: readonly number[],
): WassersteinBinned {
  const sides = toSides(reference, current);
  if (sides === undefined) return { status: 'insufficient_data', w1: null, errorBound: null };
  const gaps = binGaps(sides, edges);
  const w1 = sumOver(gaps.length, (i) => {
    const gap = gaps[i];
    return gap === undefined ? 0 : gap.width * meanAbsolute(gap.left, gap.right);
  });
  const errorBound = sumOver(gaps.length, (i) => ((gaps[i]?.width ?? 0) * (gaps[i]?.mass ?? 0)) / 2);
  return { status: 'ok', w1, errorBound };
}

/** The Wasserstein-1 distance of two histograms as a drift statistic. */
export const wassersteinStatistic: DriftStatistic = {
  id: 'wasserstein',
  title: 'Wasserstein distance',
  appliesTo: ['numeric'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Vaserstein 1969; shown in units of the feature, no default threshold',
  compute: (reference, current, edges) => requireRows(wassersteinBinned(reference, current, edges).w1),
  sql: (reference, current, edges) =>
    binGapsSql({
      reference,
      current,
      edges,
      term: 'w * if(a * b >= 0, abs(a + b) / 2, (a * a + b * b) / (2 * (abs(a) + abs(b))))',
      finish: (sum) => sum,
    }),
};

// Mean of |line| from `left` to `right`; two triangles when it crosses zero.
function meanAbsolute(left: number, right: number): number {
  if (left * right >= 0) return Math.abs(left + right) / 2;
  return (left * left + right * right) / (2 * (Math.abs(left) + Math.abs(right)));
}
