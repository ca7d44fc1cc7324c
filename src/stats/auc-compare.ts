import { auc } from './auc.ts';
import type { Scored } from './delong.ts';
import type { Outcome } from './outcome.ts';
import { normalUpper } from './special.ts';

/** A comparison of two areas measured on different rows. */
export type AucComparison = Outcome<
  {
    /** Area of current minus area of reference: negative is a loss. */
    diff: number;
    z: number | null;
    /** Two-sided normal p-value. */
    p: number | null;
  },
  'ok' | 'degenerate'
>;

/**
 * Computes whether two independent windows differ in AUC: z = difference / sqrt(sum of DeLong variances).
 *
 * @param reference  Labels and scores of the reference cohort.
 * @param current    Labels and scores of the current cohort.
 * @returns          Null numbers below two rows of a class on a side; z and p null when both variances are 0.
 * @throws E_STATS_SHAPE  when labels and scores of a side differ in length.
 * @see J. A. Hanley and B. J. McNeil, The meaning and use of the area under a ROC curve, Radiology 143 (1982)
 */
export function aucCompare(reference: Scored, current: Scored): AucComparison {
  const before = auc(reference);
  const after = auc(current);
  if (before.auc === null || after.auc === null || before.variance === null || after.variance === null) {
    return { status: 'insufficient_data', diff: null, z: null, p: null };
  }
  const diff = after.auc - before.auc;
  const variance = before.variance + after.variance;
  if (variance === 0) return { status: 'degenerate', diff, z: null, p: null };
  const z = diff / Math.sqrt(variance);
  return { status: 'ok', diff, z, p: 2 * normalUpper(Math.abs(z)) };
}
