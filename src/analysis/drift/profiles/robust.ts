import { type DriftInput, driftEvidence, type Evidence } from '../../../stats/evidence.ts';
import { explainDrift, explainMissing, topBins, warningsOf } from '../../../stats/explain.ts';
import { ksNoise } from '../../../stats/ks-critical.ts';
import { DEFAULT_FLOORS, type Floors, floorsOf, type Level, levelOf, worstLevel } from '../../../stats/levels.ts';
import { minDetectable } from '../../../stats/min-detectable.ts';
import { benjaminiHochberg } from '../../../stats/multiplicity.ts';
import { commonStatistics, withUnseenBin } from '../common-statistics.ts';
import { assessQuality, type Quality } from '../quality.ts';
import { nextUp } from './equal-width.ts';
import type { FeatureWindow, JudgeContext, Judgement, Profile } from './profile.ts';

/**
 * Our default: noise-corrected effect sizes, a test that knows how much the reference's own windows vary, control of false
 * discoveries over the features, and tests of missing and unseen values beside it.
 */
export const robust: Profile = {
  id: 'robust',
  title: 'Plumbline',
  source: 'Noise-corrected PSI and KS, overdispersed chi-square, Benjamini-Hochberg, effect floor',
  binsPerWindow: false,
  ranks: (n) => [...new Set(Array.from({ length: BINS - 1 }, (_, j) => rankOf(n, j + 1)))],
  binning: ({ facts, at }) => {
    const edges = Array.from({ length: BINS - 1 }, (_, j) => at(rankOf(facts.n, j + 1)));
    const maximum = facts.max ?? Number.POSITIVE_INFINITY;
    // A constant gets a bin of its own between what lies below and above it.
    if (facts.min === maximum) return { by: 'edges', closed: 'right', edges: [-nextUp(-maximum), maximum] };
    return { by: 'edges', closed: 'right', edges: [...new Set(edges)].filter((edge) => edge < maximum) };
  },
  judge: (features, context) => judge(features, context),
  headline: (_, { statistics, details }) => ({
    statistic: 'psi_corrected',
    value: statistics.psi_corrected,
    threshold: typeof details['floor_psi'] === 'number' ? details['floor_psi'] : DEFAULT_FLOORS.minor.psi,
  }),
};

const BINS = 10;
/** The bins are deciles already, so none are summed further. */
const AS_THEY_ARE = { every: 1 } as const;

// Type-1 quantile: the value of rank ceil(n j / B), here counted from 0.
function rankOf(n: number, j: number): number {
  return Math.max(0, Math.ceil((n * j) / BINS) - 1);
}

type Sound = Extract<Evidence, { status: 'ok' }>;

function judge(features: readonly FeatureWindow[], context: JudgeContext): readonly Judgement[] {
  const evidence = features.map((feature) => evidenceOf(feature));
  const pValues = evidence.map((entry) => (entry?.status === 'ok' ? entry.p : null));
  const { adjusted, rejected } = benjaminiHochberg(pValues, context.q);
  const family = Math.max(1, pValues.filter((p) => p !== null).length);
  const quality = assessQuality(features, context.q);
  return features.map((feature, index) => {
    const found = evidence[index];
    const own = quality[index];
    if (found?.status !== 'ok') return withQuality(unjudged(feature, found), own);
    const verdict = conclude({
      feature,
      evidence: found,
      q: context.q,
      floors: floorsOf(context.floors, feature.column.name),
      family,
      pAdjusted: adjusted[index] ?? 1,
      rejected: rejected[index] === true,
    });
    return withQuality(verdict, own);
  });
}

function evidenceOf(feature: FeatureWindow): Evidence | undefined {
  const { bins } = feature;
  if (bins === undefined) return undefined;
  const unseen = bins.unseen.reduce((sum, category) => sum + category.count, 0);
  const extend = (counts: readonly number[], last: number): readonly number[] =>
    unseen > 0 ? [...counts, last] : counts;
  const filled = bins.referenceWindows.filter((counts) => counts.some((count) => count > 0));
  const input: DriftInput = {
    name: feature.column.name,
    kind: feature.kind === 'numeric' ? 'ordinal' : 'categorical',
    reference:
      filled.length >= 3
        ? { windows: filled.map((counts) => extend(counts, 0)) }
        : { counts: extend(bins.reference, 0) },
    current: extend(bins.current, unseen),
  };
  return driftEvidence(input, { group: AS_THEY_ARE });
}

function unjudged(feature: FeatureWindow, found: Exclude<Evidence, Sound> | undefined): Judgement {
  const reason =
    found === undefined
      ? `About ${feature.facts.distinct} distinct values: an identifier or free text, which is not compared by category.`
      : explainMissing(found);
  return {
    statistics: commonStatistics(feature, withUnseenBin(feature)),
    level: 'insufficient_data',
    reason,
    details: {},
  };
}

function conclude(input: {
  readonly feature: FeatureWindow;
  readonly evidence: Sound;
  readonly q: number;
  readonly floors: Floors;
  readonly family: number;
  readonly pAdjusted: number;
  readonly rejected: boolean;
}): Judgement {
  const { feature, evidence, q, floors, pAdjusted, rejected } = input;
  const { n, m, df, phi, phiN, v, windows, pooled } = evidence;
  const ordinal = feature.kind === 'numeric';
  // The exact distance where there is one; the decile bins only bound it from below.
  const d = ordinal ? (feature.distances?.ks ?? evidence.d) : null;
  const dCorrected = d === null ? null : d - ksNoise({ n, m, phi: phiN });
  const found = levelOf({ rejected, psiCorrected: evidence.psiCorrected, dCorrected }, floors);
  const level: Exclude<Level, 'insufficient_data'> = found === 'insufficient_data' ? 'stable' : found;
  const mde = minDetectable({ df, phi: phiN, v, n, m, p: q / input.family }).psiMde;
  const warnings = warningsOf({ windows, mde });
  const { psi, psiNoise, psiCorrected } = evidence;
  const numbers = { psi, psiNoise, psiCorrected, dCorrected, windows, phi, mde, pAdjusted, q };
  const top = topBins(pooled, binNames(feature));
  const common = commonStatistics(feature, pooled);
  const ks = common.ks;
  return {
    statistics: {
      ...common,
      psi,
      psi_noise: psiNoise,
      psi_corrected: psiCorrected,
      ks_corrected: ks === null ? null : ks - ksNoise({ n, m, phi: phiN }),
      chi2: evidence.x2,
      chi2_df: df,
      chi2_p: evidence.p,
      p_adjusted: pAdjusted,
      phi: phiN,
      mde,
    },
    level,
    reason: explainDrift({ ...numbers, level, floors, warnings }),
    details: {
      q,
      floor_psi: floors.minor.psi,
      psi_se: evidence.psiSe,
      reference_windows: windows,
      phi_of_reference_windows: phi,
      warnings: warnings.join(' '),
      top_bins: top.map((bin) => `${bin.label} ${share(bin.shareReference)} -> ${share(bin.shareCurrent)}`).join('; '),
    },
  };
}

function binNames(feature: FeatureWindow): { readonly labels: readonly string[] } {
  return { labels: [...(feature.bins?.labels ?? []), 'unseen'] };
}

function withQuality(judgement: Judgement, quality: Quality | undefined): Judgement {
  if (quality === undefined) return judgement;
  const details = { ...judgement.details, ...quality.details };
  if (quality.level === 'stable') return { ...judgement, details };
  return {
    ...judgement,
    level: worstLevel([judgement.level, quality.level]),
    reason: `${quality.reasons.join(' ')} ${judgement.reason}`,
    details,
  };
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
