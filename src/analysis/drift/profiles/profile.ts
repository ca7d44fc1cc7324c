import type { FeatureFloors, Level } from '../../../stats/levels.ts';
import type { ColumnFacts, ReferenceFacts } from '../facts.ts';
import type { Frame } from '../frame.ts';
import type { FeatureKind, Statistics } from '../report.ts';
import type { DriftSession } from '../session.ts';
import type { Column } from '../source.ts';

/** A way of binning, measuring and judging drift: ours, the textbook's, or what another tool would have said. */
export interface Profile {
  readonly id: ProfileId;
  readonly title: string;
  /** Where its rules come from. */
  readonly source: string;
  /** True when bins depend on the current window and not on the reference alone. */
  readonly binsPerWindow: boolean;
  /** True when its bins need the skewness of the reference. */
  readonly usesSkew?: boolean;
  /** Returns which order statistics of `n` reference values the edges need, counted from 0. */
  ranks(n: number): readonly number[];
  /** Decides how the values of a numeric feature are cut into bins. */
  binning(input: BinningInput): Binning;
  /** Measures what only this profile needs, by column id. */
  measure?(input: ExtraInput): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>>;
  /** Judges the features of one family in one window, in the order given. */
  judge(features: readonly FeatureWindow[], context: JudgeContext): readonly Judgement[];
  /** The statistic its verdict rests on, for comparisons side by side. */
  headline(feature: FeatureWindow, judgement: Judgement): Headline;
}

export const PROFILE_IDS = ['robust', 'textbook', 'evidently', 'nannyml', 'whylabs', 'scouter', 'deepchecks'] as const;

export type ProfileId = (typeof PROFILE_IDS)[number];

export interface BinningInput {
  readonly facts: ReferenceFacts;
  readonly current: ColumnFacts;
  /** The order statistics asked for by `ranks`. */
  readonly at: (rank: number) => number;
}

/** Inner edges, ascending; `right`: a bin holds its upper edge, `left`: its lower. Or one bin a distinct value. */
export type Binning =
  | { readonly by: 'edges'; readonly edges: readonly number[]; readonly closed: 'right' | 'left' }
  | { readonly by: 'values' };

export interface ExtraInput {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly columns: readonly Column[];
  readonly window: number;
  readonly where: string;
}

/** One feature in one window, counted the profile's way. */
export interface FeatureWindow {
  readonly column: Column;
  readonly kind: FeatureKind;
  readonly reference: SideFacts;
  readonly current: SideFacts;
  readonly facts: ReferenceFacts;
  /** Undefined when the feature has too many distinct values to be counted one by one. */
  readonly bins: Bins | undefined;
  readonly distances: Distances | undefined;
  /** Current values the reference has never shown. */
  readonly unseen: number;
  /** Numbers of `Profile.measure`. */
  readonly extra: Readonly<Record<string, number>>;
}

export interface SideFacts {
  readonly rows: number;
  /** Rows with a value. */
  readonly n: number;
  /** The same by reference window of comparable size, in time order; empty without time. */
  readonly windows: readonly { readonly rows: number; readonly n: number }[];
}

/** Aligned counts. Unseen categories are kept apart from the bins. */
export interface Bins {
  readonly labels: readonly string[];
  /** Inner edges when the bins are intervals. */
  readonly edges: readonly number[] | undefined;
  readonly reference: readonly number[];
  /** Reference counts by window of comparable size; empty when there are fewer than three. */
  readonly referenceWindows: readonly (readonly number[])[];
  readonly current: readonly number[];
  /** Categories the reference has not, with their counts, most frequent first; empty for intervals. */
  readonly unseen: readonly { readonly name: string; readonly count: number }[];
}

/**
 * `exact` from the sorted values; `buckets`: KS exact, the rest from 32,768 buckets; `exact_ks_sampled_rest`: KS exact, the
 * rest from a sample of rows; `reference_grid`: 10,000 quantiles stand for the reference.
 */
export type DistanceMethod = 'exact' | 'buckets' | 'exact_ks_sampled_rest' | 'reference_grid';

/** Distances of the values themselves; undefined for text. */
export interface Distances {
  readonly method: DistanceMethod;
  readonly ks: number;
  /** Largest amount by which ks can be off. */
  readonly ksError: number;
  readonly wasserstein: number | null;
  readonly energySquared: number | null;
}

export interface JudgeContext {
  /** Level of false-discovery control for this window. */
  readonly q: number;
  /** Where the levels of the robust profile start; the default floors when absent. */
  readonly floors?: FeatureFloors | undefined;
}

export interface Judgement {
  readonly statistics: Statistics;
  readonly level: Level;
  readonly reason: string;
  readonly details: Readonly<Record<string, number | string | null>>;
}

export interface Headline {
  readonly statistic: string;
  readonly value: number | null;
  readonly threshold: number | null;
}
