import { areaFromPlacements, placements, placementVariance, rankableRows, type Scored } from './delong.ts';
import type { Outcome } from './outcome.ts';
import { normalQuantile } from './special.ts';

/** Area under the ROC curve with DeLong's variance and a 95% Wald interval clipped to 0..1. */
export type Auc = Outcome<{
  auc: number;
  /** Null, like the interval, below two positives or two negatives. */
  variance: number | null;
  ciLow: number | null;
  ciHigh: number | null;
}>;

/**
 * Computes the area under the ROC curve: P(score of a positive > score of a negative), ties count half.
 *
 * @param scored  Labels 0 or 1 and scores; other labels and scores that are not finite are left out.
 * @returns       All numbers null without a positive or without a negative.
 * @throws E_STATS_SHAPE  when labels and scores differ in length.
 * @see E. R. DeLong et al., Biometrics 44 (1988); X. Sun and W. Xu, IEEE Signal Processing Letters 21 (2014)
 */
export function auc(scored: Scored): Auc {
  const placed = placements(rankableRows(scored));
  if (placed.positives.length === 0 || placed.negatives.length === 0) {
    return { status: 'insufficient_data', auc: null, variance: null, ciLow: null, ciHigh: null };
  }
  const area = areaFromPlacements(placed);
  const variance = placementVariance(placed);
  if (variance === null) return { status: 'ok', auc: area, variance, ciLow: null, ciHigh: null };
  const halfWidth = normalQuantile(0.975) * Math.sqrt(variance);
  return {
    status: 'ok',
    auc: area,
    variance,
    ciLow: Math.max(0, area - halfWidth),
    ciHigh: Math.min(1, area + halfWidth),
  };
}
