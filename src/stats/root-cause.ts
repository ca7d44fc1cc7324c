import { powerOfTwoBelow } from './moments.ts';
import { sum } from './sum.ts';

/** What is known of one feature when suspects are ranked. */
export type FeatureEvidence = {
  readonly name: string;
  /** Global importance in any unit, the same for all features; below 0 counts as 0. */
  readonly importance: number;
  /** Noise-corrected PSI; below 0 or null counts as 0. */
  readonly psiCorrected: number | null;
  /** When the shift began, in any comparable unit; null when unknown. */
  readonly onset: number | null;
};

/** One suspect and its share of importance * shift, 0..1. */
export type FeatureContribution = { readonly name: string; readonly contribution: number };

/**
 * Returns features ranked by where to look first: importance * sqrt(corrected PSI), normalised to sum 1.
 *
 * The square root of PSI is about the shift in sd, so this is |importance * shift|. Ties go to the earlier onset, then to
 * the name. Importance is global and associational and correlated features share blame: this is no causal statement.
 *
 * @returns  Contributions, largest first; all 0 when no important feature moved.
 * @see H. Jeffreys, An invariant form for the prior probability in estimation problems, Proc. Royal Society A 186 (1946):
 * his divergence, here PSI, of a normal mean shift of d sd is d^2
 */
export function rootCause(features: readonly FeatureEvidence[]): readonly FeatureContribution[] {
  const largest = features.reduce((most, feature) => Math.max(most, feature.importance), 0);
  const scale = powerOfTwoBelow(largest);
  const raw = features.map((feature) =>
    largest > 0 ? (Math.max(0, feature.importance) / scale) * Math.sqrt(Math.max(0, feature.psiCorrected ?? 0)) : 0,
  );
  const total = sum(raw);
  return features
    .map((feature, i) => ({ feature, contribution: total > 0 ? (raw[i] ?? 0) / total : 0 }))
    .sort(
      (a, b) =>
        b.contribution - a.contribution ||
        compare(a.feature.onset ?? Number.MAX_VALUE, b.feature.onset ?? Number.MAX_VALUE) ||
        compare(a.feature.name, b.feature.name),
    )
    .map(({ feature, contribution }) => ({ name: feature.name, contribution }));
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
