import { pearson } from './chi2.ts';
import { toSides } from './drift-statistic.ts';
import { type GroupRule, groupBins, sumGroups } from './group-bins.ts';
import { ksBinned } from './ks-binned.ts';
import { ksNoise } from './ks-critical.ts';
import { overdispersedP } from './overdispersed-p.ts';
import { overdispersion, phiAt, pool, rowsOf } from './overdispersion.ts';
import { applyPooling, poolBins, type Pooling } from './pool-bins.ts';
import { psi } from './psi.ts';

/** One feature's histograms: fine bins of the reference and of one current window, aligned. */
export type DriftInput = {
  readonly name: string;
  readonly kind: 'ordinal' | 'categorical';
  /** Reference windows in time order, or one histogram when the reference has no time. */
  readonly reference: { readonly windows: readonly (readonly number[])[] } | { readonly counts: readonly number[] };
  readonly current: readonly number[];
  /**
   * Distance of the distribution functions, when it was taken on finer bins than those given here. The bins of an
   * ordinal feature are then groups already and stay as they are.
   */
  readonly distance?: number;
};

/** What a feature must bring to be judged, and how its bins are made. */
export type EvidenceOptions = {
  /** Rows below which a side is not judged; default 100. */
  readonly minRows?: number;
  /** Expected rows below which a bin is pooled; default 10. */
  readonly minExpected?: number;
  /** Bins of PSI and chi-square for ordinal features; default ten of equal mass. */
  readonly group?: GroupRule;
};

/** Numbers of one feature before the correction for the number of features. */
export type Evidence =
  | {
      readonly status: 'ok';
      readonly n: number;
      readonly m: number;
      /** Reference windows with rows; 0 when the reference has no time. */
      readonly windows: number;
      readonly phi: number;
      readonly phiN: number;
      readonly v: number;
      readonly df: number;
      readonly x2: number;
      readonly p: number;
      readonly psi: number;
      readonly psiNoise: number;
      readonly psiCorrected: number;
      readonly psiSe: number;
      /** Kolmogorov-Smirnov distance on the fine bins; null for categorical features. */
      readonly d: number | null;
      readonly dCorrected: number | null;
      readonly pooled: PooledBins;
    }
  | {
      readonly status: 'insufficient_data';
      readonly n: number;
      readonly m: number;
      readonly windows: number;
      readonly why: 'few_rows' | 'few_windows' | 'one_bin';
    };

/** The bins the verdict was taken on, with the fine bins they are made of. */
export type PooledBins = {
  readonly reference: readonly number[];
  readonly current: readonly number[];
  /** Fine bin indices of each pooled bin. */
  readonly members: readonly (readonly number[])[];
  /** Index of the bin that holds everything too small for its own; null when there is none. */
  readonly other: number | null;
};

/**
 * Computes the drift evidence of one feature: corrected PSI, corrected Kolmogorov-Smirnov distance and the p-value of
 * chi-square homogeneity under the overdispersion the reference windows show.
 *
 * Fine bins are grouped (ordinal), small ones pooled by the reference, phi and v estimated on the pooled bins of the
 * windows and carried to the size of the current window. Without windows phi is 1 and v infinite.
 *
 * @throws E_STATS_SHAPE  when the sides have different numbers of bins.
 */
export function driftEvidence(input: DriftInput, options: EvidenceOptions = {}): Evidence {
  const { minRows = MIN_ROWS, group = DEFAULT_GROUP } = options;
  const windows = 'windows' in input.reference ? input.reference.windows.filter((counts) => rowsOf(counts) > 0) : [];
  const fine = 'windows' in input.reference ? pool(input.reference.windows) : input.reference.counts;
  const n = rowsOf(input.current);
  const m = rowsOf(fine);
  const none = { status: 'insufficient_data', n, m, windows: windows.length } as const;
  if (n < minRows || m < minRows) return { ...none, why: 'few_rows' };
  const fineSides = toSides(fine, input.current);
  if (fineSides === undefined) return { ...none, why: 'few_rows' };
  const isGrouped = input.kind === 'categorical' || input.distance !== undefined;
  const groups = isGrouped ? fine.map((_, index) => index) : groupBins(fine, group);
  const grouped = { reference: sumGroups(groups, fine), current: sumGroups(groups, input.current) };
  const nominalRows = windows.length === 0 ? Math.min(n, m) : Math.min(n, m / windows.length);
  const pooling = poolBins(grouped.reference, grouped.current, {
    nominalRows,
    ...(options.minExpected === undefined ? {} : { minExpected: options.minExpected }),
  });
  if (pooling.size < 2) return { ...none, why: 'one_bin' };
  const fineToPooled = { ...pooling, target: groups.map((group) => pooling.target[group] ?? -1) };
  const spread = dispersion(
    windows.map((counts) => applyPooling(fineToPooled, counts)),
    n,
  );
  if (spread === undefined) return { ...none, why: 'few_windows' };
  const reference = applyPooling(pooling, grouped.reference);
  const current = applyPooling(pooling, grouped.current);
  const fineD = input.kind === 'ordinal' ? (input.distance ?? ksBinned(fine, input.current).dLower ?? 0) : null;
  return {
    ...judge({ reference, current, n, m, spread }),
    windows: windows.length,
    d: fineD,
    dCorrected: fineD === null ? null : fineD - ksNoise({ n, m, phi: spread.phiN }),
    pooled: { reference, current, members: membersOf(groups, pooling), other: pooling.other },
  };
}

const MIN_ROWS = 100;
const DEFAULT_GROUP: GroupRule = { bins: 10 };

type Spread = { readonly phi: number; readonly phiN: number; readonly v: number };

function dispersion(windows: readonly (readonly number[])[], n: number): Spread | undefined {
  if (windows.length === 0) return { phi: 1, phiN: 1, v: Number.POSITIVE_INFINITY };
  const found = overdispersion(windows);
  if (found.status !== 'ok') return undefined;
  return { phi: found.phi, phiN: phiAt({ phi: found.phi, nBar: found.nBar, n }), v: found.v };
}

function judge(input: {
  readonly reference: readonly number[];
  readonly current: readonly number[];
  readonly n: number;
  readonly m: number;
  readonly spread: Spread;
}) {
  const { reference, current, n, m, spread } = input;
  const index = psi(reference, current, { phi: spread.phiN });
  const x2 = pearson({ r: reference, c: current, m, n });
  const df = index.df ?? 0;
  const value = index.psi ?? 0;
  const psiNoise = index.noise ?? 0;
  return {
    status: 'ok',
    n,
    m,
    ...spread,
    df,
    x2,
    p: overdispersedP({ x2, df, phi: spread.phiN, v: spread.v }),
    psi: value,
    psiNoise,
    psiCorrected: value - psiNoise,
    psiSe: index.se ?? 0,
  } as const;
}

function membersOf(groups: readonly number[], pooling: Pooling): readonly (readonly number[])[] {
  const members: number[][] = Array.from({ length: pooling.size }, () => []);
  for (const [fine, group] of groups.entries()) members[pooling.target[group] ?? -1]?.push(fine);
  return members;
}
