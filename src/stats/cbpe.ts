import type { Outcome } from './outcome.ts';
import { normalQuantile } from './special.ts';
import { sumOver } from './sum.ts';

/** Performance estimated from calibrated probabilities alone. */
export type Cbpe = Outcome<{
  accuracy: number;
  /** Sampling sd of the accuracy (Poisson-binomial). */
  sd: number;
  ciLow: number;
  ciHigh: number;
  /** Expected counts. */
  tp: number;
  fp: number;
  tn: number;
  fn: number;
  precision: number | null;
  recall: number | null;
  f1: number | null;
  /** Null when the expected number of positives or of negatives is 0. */
  auc: number | null;
}>;

/** Sums over rows with calibrated probability p, from which all but the AUC follows; a database can compute them. */
export type CbpeSums = {
  readonly n: number;
  /** Sum of p where p >= threshold. */
  readonly tp: number;
  /** Sum of 1 - p where p >= threshold. */
  readonly fp: number;
  /** Sum of 1 - p where p < threshold. */
  readonly tn: number;
  /** Sum of p where p < threshold. */
  readonly fn: number;
  /** Sum of p (1 - p). */
  readonly variance: number;
};

/** How wide the interval is: accuracy +/- (z * sd + calibration error of the reference). */
export type CbpeInterval = { readonly z?: number; readonly referenceEce?: number };

/**
 * Computes confidence-based performance estimates of a binary classifier without labels.
 *
 * Holds only while probabilities are calibrated and P(label | features) is unchanged: concept drift is invisible to it,
 * and with threshold 0.5 it can never estimate an accuracy below 0.5.
 *
 * @param scores     Calibrated probabilities of the positive class; values outside 0..1 are left out.
 * @param threshold  A row is predicted positive when its score is >= threshold.
 * @param interval   z (1.96 by default) and the calibration error measured on the reference (0 by default).
 * @see J. Bialek, W. Kuberski, N. Perrakis and A. Bifet, Estimating model performance under covariate shift without
 * labels, 2024; NannyML documentation, "How performance estimation works"
 */
export function cbpe(scores: readonly number[], threshold = 0.5, interval: CbpeInterval = {}): Cbpe {
  const usable = Float64Array.from(scores.filter((score) => score >= 0 && score <= 1)).sort();
  const at = (i: number): number => usable[i] ?? 0;
  const sums = {
    n: usable.length,
    tp: sumOver(usable.length, (i) => (at(i) >= threshold ? at(i) : 0)),
    fp: sumOver(usable.length, (i) => (at(i) >= threshold ? 1 - at(i) : 0)),
    tn: sumOver(usable.length, (i) => (at(i) >= threshold ? 0 : 1 - at(i))),
    fn: sumOver(usable.length, (i) => (at(i) >= threshold ? 0 : at(i))),
    variance: sumOver(usable.length, (i) => at(i) * (1 - at(i))),
  };
  const estimate = cbpeFromSums(sums, interval);
  return estimate.status === 'ok' ? { ...estimate, auc: expectedAuc(usable) } : estimate;
}

/** Computes the same estimates from sums over the rows; the AUC needs the rows and is null. */
export function cbpeFromSums(sums: CbpeSums, interval: CbpeInterval = {}): Cbpe {
  const { n, tp, fp, tn, fn } = sums;
  if (n === 0) return INSUFFICIENT;
  const accuracy = (tp + tn) / n;
  const sd = Math.sqrt(sums.variance) / n;
  const halfWidth = (interval.z ?? normalQuantile(0.975)) * sd + (interval.referenceEce ?? 0);
  return {
    status: 'ok',
    accuracy,
    sd,
    ciLow: Math.max(0, accuracy - halfWidth),
    ciHigh: Math.min(1, accuracy + halfWidth),
    tp,
    fp,
    tn,
    fn,
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    auc: null,
  };
}

const INSUFFICIENT = {
  status: 'insufficient_data',
  accuracy: null,
  sd: null,
  ciLow: null,
  ciHigh: null,
  tp: null,
  fp: null,
  tn: null,
  fn: null,
  precision: null,
  recall: null,
  f1: null,
  auc: null,
} as const;

/** Every row is p of a positive and 1 - p of a negative at its own score; equal scores, itself included, tie. */
function expectedAuc(sorted: Float64Array): number | null {
  const positives = sumOver(sorted.length, (i) => sorted[i] ?? 0);
  const negatives = sumOver(sorted.length, (i) => 1 - (sorted[i] ?? 0));
  if (positives === 0 || negatives === 0) return null;
  const wins = Array<number>();
  let below = 0;
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    const score = sorted[start] ?? 0;
    while (end < sorted.length && sorted[end] === score) end += 1;
    const here = (end - start) * (1 - score);
    wins.push((((end - start) * score) / positives) * ((below + here / 2) / negatives));
    below += here;
  }
  return sumOver(wins.length, (i) => wins[i] ?? 0);
}

function ratio(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}
