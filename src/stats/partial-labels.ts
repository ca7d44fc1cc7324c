import type { Outcome } from './outcome.ts';

/** Accuracy while labels are still arriving, with bounds that assume nothing about the missing ones. */
export type PartialLabels = Outcome<{
  /** Share of predictions that have a label. */
  coverage: number;
  /** Accuracy of the labelled predictions; null without labels. Early labels are not a random sample. */
  accuracyLabeled: number | null;
  /** Accuracy if every missing label turns out wrong. */
  lower: number;
  /** Accuracy if every missing label turns out right. */
  upper: number;
}>;

/**
 * Computes label coverage and worst-case bounds of accuracy for a window with missing labels.
 *
 * @param counts  Predictions made, how many have a label, how many of those were correct.
 * @see C. F. Manski, Partial identification of probability distributions, Springer 2003, chapter 1
 */
export function partialLabels(counts: {
  readonly n: number;
  readonly labeled: number;
  readonly correct: number;
}): PartialLabels {
  const { n, labeled, correct } = counts;
  if (n <= 0) return { status: 'insufficient_data', coverage: null, accuracyLabeled: null, lower: null, upper: null };
  return {
    status: 'ok',
    coverage: labeled / n,
    accuracyLabeled: labeled > 0 ? correct / labeled : null,
    lower: correct / n,
    upper: (correct + n - labeled) / n,
  };
}
