import { StatsError } from '../core/errors.ts';

/** A binary confusion matrix. */
export type ConfusionCounts = { readonly tp: number; readonly fp: number; readonly tn: number; readonly fn: number };

/** Ratios of a confusion matrix, each null where its denominator is 0. */
export type ClassificationMetrics = ConfusionCounts & {
  readonly accuracy: number | null;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly specificity: number | null;
  readonly balancedAccuracy: number | null;
  /** Matthews correlation coefficient, -1..1; null when a row or column of the matrix is empty. */
  readonly mcc: number | null;
};

/**
 * Computes the usual classification metrics from the counts of a confusion matrix.
 *
 * @param counts  Counts >= 0 of matured rows.
 * @see B. W. Matthews, Comparison of the predicted and observed secondary structure of T4 phage lysozyme, BBA 405 (1975)
 */
export function classificationMetrics(counts: ConfusionCounts): ClassificationMetrics {
  const { tp, fp, tn, fn } = counts;
  const recall = ratio(tp, tp + fn);
  const specificity = ratio(tn, tn + fp);
  const margins = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  return {
    tp,
    fp,
    tn,
    fn,
    accuracy: ratio(tp + tn, tp + fp + tn + fn),
    precision: ratio(tp, tp + fp),
    recall,
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    specificity,
    balancedAccuracy: recall === null || specificity === null ? null : (recall + specificity) / 2,
    mcc: ratio(tp * tn - fp * fn, margins),
  };
}

/**
 * Returns the confusion matrix of 0/1 labels and predictions; rows with any other value are left out.
 *
 * @throws E_STATS_SHAPE  when the lengths differ.
 */
export function confusionCounts(labels: readonly number[], predictions: readonly number[]): ConfusionCounts {
  if (labels.length !== predictions.length) {
    throw new StatsError('E_STATS_SHAPE', 'Labels and predictions must have the same length.');
  }
  const count = (label: number, prediction: number): number =>
    labels.reduce((total, value, i) => total + (value === label && predictions[i] === prediction ? 1 : 0), 0);
  return { tp: count(1, 1), fp: count(0, 1), tn: count(0, 0), fn: count(1, 0) };
}

function ratio(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}
