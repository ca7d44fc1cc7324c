import type { Level } from '../../stats/levels.ts';

/** What one drift comparison found; the JSON output of `plumbline drift` and of the API. Keys are the public contract. */
export interface DriftReport {
  readonly profile: string;
  readonly reference: { readonly rows: number; readonly from: string | null; readonly to: string | null };
  readonly windows: readonly WindowReport[];
  /** The SQL that was run, in order; running it again gives the same counts. */
  readonly sql: readonly Statement[];
}

/** One statement with the name it has in spans and metrics. */
export interface Statement {
  readonly name: string;
  readonly sql: string;
}

export interface WindowReport {
  /** `all`, `2026-05-03T10`, `2026-05-03`, `2026-W18` or `2026-05`, in UTC. */
  readonly window: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly rows: number;
  readonly features: readonly FeatureReport[];
  readonly prediction: FeatureReport | null;
  /** Features and, where it is, the prediction with level minor or above. */
  readonly drifted: readonly string[];
  readonly level: Level;
  readonly segments?: readonly SegmentReport[];
  /** How much of each feature's change comes from the mix of segments, and how much from inside them. */
  readonly segment_split?: readonly SegmentSplit[];
  /** Level and key numbers other profiles give to the same window. */
  readonly other_profiles?: readonly OtherProfile[];
}

export interface FeatureReport {
  readonly feature: string;
  readonly kind: FeatureKind;
  /** Rows with a value; what the statistics are computed from. */
  readonly n_reference: number;
  readonly n_current: number;
  /** Share of rows without a finite value. */
  readonly missing_reference: number;
  readonly missing_current: number;
  /** Share of current values the reference has never shown: unknown category, or outside the reference's range. */
  readonly unseen: number;
  readonly statistics: Statistics;
  readonly level: Level;
  readonly reason: string;
  readonly evidence: FeatureEvidence;
}

export type FeatureKind = 'numeric' | 'categorical';

/** Every statistic of the contract; null where it does not apply or the profile does not compute it. */
export interface Statistics {
  readonly psi: number | null;
  readonly psi_noise: number | null;
  readonly psi_corrected: number | null;
  readonly ks: number | null;
  readonly ks_corrected: number | null;
  readonly ks_p: number | null;
  readonly chi2: number | null;
  readonly chi2_df: number | null;
  readonly chi2_p: number | null;
  readonly p_adjusted: number | null;
  readonly phi: number | null;
  readonly mde: number | null;
  readonly js_distance: number | null;
  readonly hellinger: number | null;
  readonly tv: number | null;
  readonly linf: number | null;
  /** In units of the feature. */
  readonly wasserstein: number | null;
  /** In standard deviations of the reference. */
  readonly wasserstein_scaled: number | null;
  /** In square roots of the feature's unit. */
  readonly energy: number | null;
  readonly cramers_v: number | null;
}

/** What is needed to check a verdict by hand. */
export interface FeatureEvidence {
  readonly rows_reference: number;
  readonly rows_current: number;
  readonly missing_count: number;
  readonly unseen_count: number;
  /** The bins the profile compared, in order; at most 100 are listed, the rest as one. */
  readonly bins: readonly BinReport[];
  /** How the distances ks, wasserstein and energy were computed, and the largest error of ks. */
  readonly distances: 'exact' | 'buckets' | 'exact_ks_sampled_rest' | 'reference_grid' | null;
  readonly ks_error: number | null;
  /** Numbers only this profile has, by name. */
  readonly details: Readonly<Record<string, number | string | null>>;
}

export interface BinReport {
  readonly label: string;
  readonly reference: number;
  readonly current: number;
}

/** The change of one feature in two steps: first the mix of segments, then the behaviour inside them. PSI in nats. */
export interface SegmentSplit {
  readonly feature: string;
  readonly psi: number;
  /** PSI between the reference and the reference's segments in the current mix. */
  readonly mix_psi: number;
  /** PSI between the reference's segments in the current mix and the current rows. */
  readonly inside_psi: number;
  readonly verdict: 'mix changed' | 'behaviour inside segments changed' | 'both changed' | 'neither changed';
}

/** One segment's rows and the verdicts inside it, on the bins of the whole reference. */
export interface SegmentReport {
  readonly segment: string;
  readonly rows_reference: number;
  readonly rows_current: number;
  readonly share_reference: number;
  readonly share_current: number;
  readonly features: readonly SegmentFeatureReport[];
}

export interface SegmentFeatureReport {
  readonly feature: string;
  readonly psi: number | null;
  readonly level: Level;
}

export interface OtherProfile {
  readonly profile: string;
  readonly level: Level;
  readonly features: readonly {
    readonly feature: string;
    readonly level: Level;
    readonly statistic: string;
    readonly value: number | null;
    readonly threshold: number | null;
  }[];
}

/** Statistics without any value, to be filled in by name. */
export const NO_STATISTICS: Statistics = {
  psi: null,
  psi_noise: null,
  psi_corrected: null,
  ks: null,
  ks_corrected: null,
  ks_p: null,
  chi2: null,
  chi2_df: null,
  chi2_p: null,
  p_adjusted: null,
  phi: null,
  mde: null,
  js_distance: null,
  hellinger: null,
  tv: null,
  linf: null,
  wasserstein: null,
  wasserstein_scaled: null,
  energy: null,
  cramers_v: null,
};
