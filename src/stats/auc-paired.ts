import { StatsError } from '../core/errors.ts';
import { areaFromPlacements, placements, placementVariance, rankableRows, type Scored } from './delong.ts';
import type { Outcome } from './outcome.ts';
import { normalUpper } from './special.ts';

/** A comparison of two models on the same rows. */
export type AucPairedComparison = Outcome<
  {
    /** Area of the challenger minus area of the champion. */
    diff: number;
    /** DeLong's variance of the difference, covariance included. */
    variance: number;
    z: number | null;
    /** Two-sided normal p-value. */
    p: number | null;
  },
  'ok' | 'degenerate'
>;

/**
 * Computes whether champion and challenger differ in AUC on the same rows.
 *
 * The variance is that of the differences of placements, which is var1 + var2 - 2 cov without its cancellation.
 *
 * @param input.labels      0 or 1 for each row; a row with another label or a score that is not finite is left out.
 * @param input.champion    Scores of the model in place.
 * @param input.challenger  Scores of the candidate, same rows in the same order.
 * @throws E_STATS_SHAPE  when the lengths differ.
 * @see E. R. DeLong et al., Biometrics 44 (1988), equation 5
 */
export function aucPaired(input: {
  readonly labels: readonly number[];
  readonly champion: readonly number[];
  readonly challenger: readonly number[];
}): AucPairedComparison {
  if (input.labels.length !== input.champion.length || input.labels.length !== input.challenger.length) {
    throw new StatsError('E_STATS_SHAPE', 'The paired AUC needs one score of each model for every label.');
  }
  const labels = input.labels.map((label, i) =>
    Number.isFinite(input.champion[i]) && Number.isFinite(input.challenger[i]) ? label : Number.NaN,
  );
  const champion = placementsOf({ labels, scores: input.champion });
  const challenger = placementsOf({ labels, scores: input.challenger });
  const difference = {
    positives: challenger.positives.map((placement, i) => placement - (champion.positives[i] ?? 0)),
    negatives: challenger.negatives.map((placement, i) => placement - (champion.negatives[i] ?? 0)),
  };
  const variance = placementVariance(difference);
  if (variance === null) return { status: 'insufficient_data', diff: null, variance: null, z: null, p: null };
  const diff = areaFromPlacements(difference);
  if (variance === 0) return { status: 'degenerate', diff, variance, z: null, p: null };
  const z = diff / Math.sqrt(variance);
  return { status: 'ok', diff, variance, z, p: 2 * normalUpper(Math.abs(z)) };
}

function placementsOf(scored: Scored): ReturnType<typeof placements> {
  return placements(rankableRows(scored));
}
