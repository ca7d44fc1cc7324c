import { StatsError } from '../core/errors.ts';
import { sum, sumOver } from './sum.ts';

/** Binary labels (1 positive, 0 negative) with the score of each row. */
export type Scored = { readonly labels: readonly number[]; readonly scores: readonly number[] };

/** How each positive is placed among the negatives and the other way round, in counts (halves for ties). */
export type Placements = {
  /** For each positive: negatives with a smaller score plus half of those with an equal score. */
  readonly positives: readonly number[];
  /** For each negative: positives with a larger score plus half of those with an equal score. */
  readonly negatives: readonly number[];
};

/**
 * Returns the placements DeLong's variance is made of, in O(n log n); their sum is the Mann-Whitney U.
 *
 * @see E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Comparing the areas under two or more correlated receiver
 * operating characteristic curves, Biometrics 44 (1988)
 * @see X. Sun and W. Xu, Fast implementation of DeLong's algorithm, IEEE Signal Processing Letters 21 (2014)
 */
export function placements(scored: Scored): Placements {
  const positives = scored.scores.filter((_, i) => scored.labels[i] === 1);
  const negatives = scored.scores.filter((_, i) => scored.labels[i] === 0);
  const sortedPositives = Float64Array.from(positives).sort();
  const sortedNegatives = Float64Array.from(negatives).sort();
  return {
    positives: positives.map((score) => midCount(sortedNegatives, score)),
    negatives: negatives.map((score) => positives.length - midCount(sortedPositives, score)),
  };
}

/**
 * Returns the rows that can be ranked: label 0 or 1 and a finite score.
 *
 * @throws E_STATS_SHAPE  when labels and scores differ in length.
 */
export function rankableRows(scored: Scored): Scored {
  if (scored.labels.length !== scored.scores.length) {
    throw new StatsError('E_STATS_SHAPE', 'Labels and scores must have the same length.');
  }
  const keep = scored.labels.map((label, i) => (label === 0 || label === 1) && Number.isFinite(scored.scores[i]));
  return {
    labels: scored.labels.filter((_, i) => keep[i]),
    scores: scored.scores.filter((_, i) => keep[i]),
  };
}

/** Computes the area under the curve from placements; both sides must have at least one row. */
export function areaFromPlacements(placed: Placements): number {
  return sum(placed.positives) / (placed.positives.length * placed.negatives.length);
}

/** Computes DeLong's variance of the area (or of a difference of areas); null below two rows of a class. */
export function placementVariance(placed: Placements): number | null {
  const m = placed.positives.length;
  const n = placed.negatives.length;
  if (m < 2 || n < 2) return null;
  return sampleVariance(placed.positives) / (n * n) / m + sampleVariance(placed.negatives) / (m * m) / n;
}

function sampleVariance(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  return sumOver(values.length, (i) => ((values[i] ?? 0) - mean) ** 2) / (values.length - 1);
}

/** Counts sorted values below `value` plus half of those equal to it. */
function midCount(sorted: Float64Array, value: number): number {
  return (firstIndex(sorted, (other) => other >= value) + firstIndex(sorted, (other) => other > value)) / 2;
}

function firstIndex(sorted: Float64Array, reached: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(sorted[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
