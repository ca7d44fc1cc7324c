import { driftEvidence, type DriftInput, type Evidence, type EvidenceOptions } from './evidence.ts';
import { explainDrift, explainMissing, type TopBin, topBins, type Warning, warningsOf } from './explain.ts';
import { DEFAULT_FLOORS, type Floors, type Level, levelOf } from './levels.ts';
import { minDetectable } from './min-detectable.ts';
import { benjaminiHochberg, benjaminiYekutieli } from './multiplicity.ts';

/** One feature to be judged; what is not needed for the verdict itself makes the explanation readable. */
export type VerdictFeature = DriftInput & {
  /** Names of the categories, one a fine bin. */
  readonly labels?: readonly string[];
  /** Inner edges of the fine bins of an ordinal feature. */
  readonly edges?: readonly number[];
  /** Where the levels of this feature start; the default floors when absent. */
  readonly floors?: Floors;
};

/** Level of the false-discovery control and how evidence is taken. */
export type VerdictOptions = EvidenceOptions & {
  /** Level of the family in this window, from `alarmBudget`. */
  readonly q: number;
  /** `any` pays a factor for arbitrary dependence between features; default `positive`. */
  readonly dependence?: 'positive' | 'any';
};

/** Verdict of one feature with everything that is needed to explain it. */
export type FeatureVerdict =
  | (Omit<Extract<Evidence, { status: 'ok' }>, 'pooled'> & {
      readonly name: string;
      readonly kind: DriftInput['kind'];
      readonly pAdjusted: number;
      readonly q: number;
      /** Corrected PSI that is flagged with about 50 % probability at the current level. */
      readonly mde: number;
      readonly level: Exclude<Level, 'insufficient_data'>;
      readonly reason: string;
      readonly warnings: readonly Warning[];
      /** Bins that contribute most to PSI, at most three. */
      readonly top: readonly TopBin[];
    })
  | (Extract<Evidence, { status: 'insufficient_data' }> & {
      readonly name: string;
      readonly kind: DriftInput['kind'];
      readonly pAdjusted: null;
      readonly q: number;
      readonly level: 'insufficient_data';
      readonly reason: string;
    });

/**
 * Judges the features of one model version and window as a family.
 *
 * A feature drifts when its overdispersed chi-square p-value survives Benjamini-Hochberg at q; how much is the larger
 * of noise-corrected PSI and Kolmogorov-Smirnov distance against the floors. Alarms come from these levels by
 * `alarmStep`, with persistence.
 *
 * @param features  All features of the family; those without enough data take no part in the correction.
 * @returns         One verdict a feature, in the order given.
 * @throws E_STATS_SHAPE  when a feature's sides have different numbers of bins.
 * @see Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57 (1995); J. N. K. Rao and A. J. Scott (1981, 1984)
 */
export function driftVerdict(features: readonly VerdictFeature[], options: VerdictOptions): readonly FeatureVerdict[] {
  const evidence = features.map((feature) => driftEvidence(feature, options));
  const pValues = evidence.map((entry) => (entry.status === 'ok' ? entry.p : null));
  const control = options.dependence === 'any' ? benjaminiYekutieli : benjaminiHochberg;
  const { adjusted, rejected } = control(pValues, options.q);
  const family = Math.max(1, pValues.filter((p) => p !== null).length);
  return features.flatMap((feature, index) => {
    const entry = evidence[index];
    if (entry === undefined) return [];
    return conclude({
      feature,
      entry,
      q: options.q,
      family,
      pAdjusted: adjusted[index] ?? 1,
      rejected: rejected[index] === true,
    });
  });
}

function conclude(input: {
  readonly feature: VerdictFeature;
  readonly entry: Evidence;
  readonly q: number;
  readonly family: number;
  readonly pAdjusted: number;
  readonly rejected: boolean;
}): FeatureVerdict {
  const { feature, entry, q, pAdjusted, rejected } = input;
  const { name, kind } = feature;
  if (entry.status !== 'ok') {
    return { ...entry, name, kind, q, pAdjusted: null, level: 'insufficient_data', reason: explainMissing(entry) };
  }
  const floors = feature.floors ?? DEFAULT_FLOORS;
  const found = levelOf({ rejected, psiCorrected: entry.psiCorrected, dCorrected: entry.dCorrected }, floors);
  const level = found === 'insufficient_data' ? 'stable' : found;
  const { pooled, ...numbers } = entry;
  const { df, phi, phiN, v, n, m, windows, psi, psiNoise, psiCorrected, dCorrected } = numbers;
  const mde = minDetectable({ df, phi: phiN, v, n, m, p: q / input.family }).psiMde;
  const warnings = warningsOf({ windows, mde });
  const effect = { psi, psiNoise, psiCorrected, dCorrected, windows, phi, mde };
  const reason = explainDrift({ ...effect, pAdjusted, q, level, floors, warnings });
  const top = topBins(pooled, feature);
  return { ...numbers, name, kind, pAdjusted, q, mde, level, reason, warnings, top };
}
