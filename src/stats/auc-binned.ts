import { StatsError } from '../core/errors.ts';
import type { Outcome } from './outcome.ts';
import { sum, sumOver } from './sum.ts';

/** Area under the ROC curve from score histograms, with the most the binning can have moved it. */
export type AucBinned = Outcome<{
  auc: number;
  /** Half-width: the area of the raw scores lies within auc +/- errorBound. */
  errorBound: number;
}>;

/**
 * Computes the area under the ROC curve from counts by score bin; rows of one bin count as ties.
 *
 * @param positives  Counts of positive rows by bin, bins in ascending order of score.
 * @param negatives  Counts of negative rows in the same bins.
 * @throws E_STATS_SHAPE  when the lengths differ.
 * @see D. Bamber, The area above the ordinal dominance graph and the area below the receiver operating characteristic
 * graph, J. Math. Psychology 12 (1975)
 */
export function aucBinned(positives: readonly number[], negatives: readonly number[]): AucBinned {
  if (positives.length !== negatives.length) {
    throw new StatsError('E_STATS_SHAPE', 'The binned AUC needs positives and negatives in the same bins.');
  }
  const pairs = sum(positives) * sum(negatives);
  if (pairs <= 0) return { status: 'insufficient_data', auc: null, errorBound: null };
  let below = 0;
  const wins = sumOver(positives.length, (i) => {
    const won = (positives[i] ?? 0) * (below + (negatives[i] ?? 0) / 2);
    below += negatives[i] ?? 0;
    return won;
  });
  const tied = sumOver(positives.length, (i) => (positives[i] ?? 0) * (negatives[i] ?? 0));
  return { status: 'ok', auc: wins / pairs, errorBound: tied / (2 * pairs) };
}
