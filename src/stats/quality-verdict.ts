import { fisherExact } from './fisher-exact.ts';
import { isAtLeast, type Level } from './levels.ts';
import { benjaminiHochberg } from './multiplicity.ts';
import { newCategories, unseenCategories } from './new-categories.ts';
import { overdispersedP } from './overdispersed-p.ts';
import { overdispersion, phiAt } from './overdispersion.ts';
import { betaI } from './special.ts';
import { type Events, twoProportion } from './two-proportion.ts';

/** One feature whose missing values and, for categories, unseen values are to be judged. */
export type QualityFeature = {
  readonly name: string;
  /** Rows that are null, absent, NaN or infinite (k) among all rows (n). */
  readonly missing: {
    /** Reference windows in time order, or one total when the reference has no time. */
    readonly reference: { readonly windows: readonly Events[] } | { readonly total: Events };
    readonly current: Events;
  };
  /** Counts by category on both sides; absent for numbers. A current category that the reference lacks is unseen. */
  readonly categories?: {
    readonly reference: ReadonlyMap<string, number>;
    readonly current: ReadonlyMap<string, number>;
  };
  /** Values outside of what is known (k) among all values (n), where only their number is known; instead of `categories`. */
  readonly outside?: {
    readonly reference: { readonly windows: readonly Events[] } | { readonly total: Events };
    readonly current: Events;
    /** Where the levels start for values that the reference never has; the floors of unseen values when absent. */
    readonly floors?: ShareFloors;
  };
};

/** Level of the family and where alarms start. */
export type QualityOptions = {
  /** Level of the family in this window, from `alarmBudget` with the family's own share. */
  readonly q: number;
  /** Rows below which a side is not judged; default 100. */
  readonly minRows?: number;
  readonly floors?: QualityFloors;
};

/** Shares of rows at which the three levels start. */
export type QualityFloors = { readonly missing: ShareFloors; readonly unseen: ShareFloors };

/** Change of a rate (missing) or rate itself (unseen), 0..1, at which each level starts. */
export type ShareFloors = { readonly minor: number; readonly moderate: number; readonly major: number };

/**
 * Default floors: one row in a hundred missing more or less, one in a thousand unseen; above that the share of rows
 * that moved counts like a Kolmogorov-Smirnov distance.
 */
export const QUALITY_FLOORS: QualityFloors = {
  missing: { minor: 0.01, moderate: 0.1, major: 0.2 },
  unseen: { minor: 0.001, moderate: 0.1, major: 0.2 },
};

/** Verdict of one check of one feature; `minor` and above is an alarm once `alarmStep` has seen it persist. */
export type QualityVerdict = {
  readonly name: string;
  readonly check: 'missing' | 'unseen';
  readonly q: number;
  /** Current and reference rows. */
  readonly n: number;
  readonly m: number;
  readonly reason: string;
} & (
  | {
      readonly status: 'ok';
      /** Share of rows; for `unseen` the reference rate is what the reference itself leads us to expect. */
      readonly rateReference: number;
      readonly rateCurrent: number;
      readonly diff: number;
      /** 95 % interval of the difference; null for `unseen`. */
      readonly interval: { readonly low: number; readonly high: number } | null;
      /** Reference windows with rows; 0 when the reference has no time. */
      readonly windows: number;
      readonly phi: number;
      readonly v: number;
      readonly p: number;
      readonly pAdjusted: number;
      readonly level: Exclude<Level, 'insufficient_data'>;
      /** Most frequent unseen values, at most five. */
      readonly top: readonly { readonly name: string; readonly count: number }[];
    }
  | { readonly status: 'insufficient_data'; readonly level: 'insufficient_data'; readonly pAdjusted: null }
);

/**
 * Judges missing rates and unseen categories of the features of one model version and window as one family.
 *
 * Missing: two-proportion test with the overdispersion of the reference windows, not below Fisher's exact p where few
 * events are expected; alarms when the difference reaches its floor and its interval excludes 0. Unseen: binomial test
 * against the Good-Turing mass, or, for values of which only the number is known, a rise of their rate; alarms when the
 * unseen rate reaches its floor. Both need their p-value to survive
 * Benjamini-Hochberg at q over all checks of all features.
 *
 * @param features  All features of the family; checks without enough rows take no part in the correction.
 * @returns         One verdict a check, missing before unseen, features in the order given.
 * @see R. G. Newcombe, Stat. Med. 17 (1998); I. J. Good, Biometrika 40 (1953); J. N. K. Rao and A. J. Scott (1981)
 */
export function qualityVerdict(
  features: readonly QualityFeature[],
  options: QualityOptions,
): readonly QualityVerdict[] {
  const { q, minRows = MIN_ROWS, floors = QUALITY_FLOORS } = options;
  const checks = features.flatMap((feature) => [missingCheck(feature, minRows), ...unseenCheck(feature, minRows)]);
  const { adjusted } = benjaminiHochberg(
    checks.map((check) => check.numbers?.p ?? null),
    q,
  );
  return checks.map((check, index) => conclude({ check, q, floors, pAdjusted: adjusted[index] ?? 1 }));
}

type Check = {
  readonly name: string;
  readonly check: 'missing' | 'unseen';
  readonly n: number;
  readonly m: number;
  readonly numbers: Numbers | undefined;
  readonly floors?: ShareFloors;
};

type Numbers = Omit<Extract<QualityVerdict, { status: 'ok' }>, keyof Check | 'q' | 'reason' | 'pAdjusted' | 'level'>;

const MIN_ROWS = 100;
const MIN_WINDOWS = 3;
const EXACT_BELOW = 10;
const TOP_VALUES = 5;

function missingCheck(feature: QualityFeature, minRows: number): Check {
  const { current } = feature.missing;
  const source = feature.missing.reference;
  const windows = 'windows' in source ? source.windows.filter((window) => window.n > 0) : [];
  const reference = 'windows' in source ? sumEvents(windows) : source.total;
  const base = { name: feature.name, check: 'missing', n: current.n, m: reference.n } as const;
  const spread = dispersion(windows, current.n);
  const test = twoProportion(reference, current, { phi: spread.phi });
  if (test.status === 'insufficient_data' || current.n < minRows || reference.n < minRows) {
    return { ...base, numbers: undefined };
  }
  const p = Math.max(spreadP(test.z, spread), exactP(reference, current));
  return {
    ...base,
    numbers: {
      status: 'ok',
      rateReference: test.rateRef,
      rateCurrent: test.rateCur,
      diff: test.diff,
      interval: { low: test.ciLow, high: test.ciHigh },
      windows: windows.length,
      ...spread,
      p,
      top: [],
    },
  };
}

function unseenCheck(feature: QualityFeature, minRows: number): readonly Check[] {
  if (feature.outside !== undefined) return [outsideCheck(feature.name, feature.outside, minRows)];
  if (feature.categories === undefined) return [];
  const { reference, current } = feature.categories;
  const n = sumCounts(current);
  const m = sumCounts(reference);
  const base = { name: feature.name, check: 'unseen', n, m } as const;
  const test = newCategories(reference, current);
  if (test.status !== 'ok' || n < minRows || m < minRows) return [{ ...base, numbers: undefined }];
  return [
    {
      ...base,
      numbers: {
        status: 'ok',
        rateReference: test.pi0,
        rateCurrent: test.unseenRate,
        diff: test.unseenRate - test.pi0,
        interval: null,
        windows: 0,
        phi: 1,
        v: Number.POSITIVE_INFINITY,
        p: test.p,
        top: unseenCategories(reference, current).slice(0, TOP_VALUES),
      },
    },
  ];
}

// What the reference never has is tested like a new category, with no value seen exactly once; what it has, like a rate.
function outsideCheck(name: string, outside: NonNullable<QualityFeature['outside']>, minRows: number): Check {
  const { current, floors } = outside;
  const windows = 'windows' in outside.reference ? outside.reference.windows.filter((window) => window.n > 0) : [];
  const reference = 'windows' in outside.reference ? sumEvents(windows) : outside.reference.total;
  const base = { name, check: 'unseen', n: current.n, m: reference.n } as const;
  const spread = dispersion(windows, current.n);
  const test = twoProportion(reference, current, { phi: spread.phi });
  if (test.status === 'insufficient_data' || current.n < minRows || reference.n < minRows) {
    return { ...base, numbers: undefined };
  }
  const rates = { rateCurrent: test.rateCur, windows: windows.length, ...spread, top: [], status: 'ok' } as const;
  if (reference.k === 0) {
    const pi0 = 1 / (reference.n + 1);
    const p = current.k === 0 ? 1 : betaI(pi0, current.k, current.n - current.k + 1);
    const numbers = { ...rates, rateReference: pi0, diff: test.rateCur - pi0, interval: null, p };
    return floors === undefined ? { ...base, numbers } : { ...base, numbers, floors };
  }
  const p = test.diff <= 0 ? 1 : Math.max(spreadP(test.z, spread), exactP(reference, current));
  const interval = { low: test.ciLow, high: test.ciHigh };
  const numbers = { ...rates, rateReference: test.rateRef, diff: test.diff, interval, p };
  return { ...base, numbers, floors: QUALITY_FLOORS.missing };
}

type Spread = { readonly phi: number; readonly v: number };

// Without windows, or when no window has a missing value, rows count as independent.
function dispersion(windows: readonly Events[], n: number): Spread {
  const found =
    windows.length < MIN_WINDOWS ? undefined : overdispersion(windows.map(({ k, n: rows }) => [k, rows - k]));
  if (found?.status !== 'ok') return { phi: 1, v: Number.POSITIVE_INFINITY };
  return { phi: phiAt({ phi: found.phi, nBar: found.nBar, n }), v: found.v };
}

// `z` has phi in its variance already; the statistic of one degree of freedom has not.
function spreadP(z: number, spread: Spread): number {
  return overdispersedP({ x2: spread.phi * z * z, df: 1, phi: spread.phi, v: spread.v });
}

// The normal p-value calls a single missing row in a hundred certain when the reference has none at all.
function exactP(reference: Events, current: Events): number {
  const pooled = (reference.k + current.k) / (reference.n + current.n);
  const expected = Math.min(reference.n, current.n) * Math.min(pooled, 1 - pooled);
  if (expected >= EXACT_BELOW) return 0;
  if (pooled <= 0.5) return fisherExact(reference, current);
  return fisherExact({ k: reference.n - reference.k, n: reference.n }, { k: current.n - current.k, n: current.n });
}

function conclude(input: {
  readonly check: Check;
  readonly q: number;
  readonly floors: QualityFloors;
  readonly pAdjusted: number;
}): QualityVerdict {
  const { check, q, pAdjusted } = input;
  const { numbers, floors: own, ...base } = check;
  if (numbers === undefined) {
    const reason = `Too few rows: ${check.n} current and ${check.m} reference rows.`;
    return { ...base, q, status: 'insufficient_data', level: 'insufficient_data', pAdjusted: null, reason };
  }
  const floors = own ?? input.floors[check.check];
  const level = pAdjusted <= q ? levelOf(numbers, floors) : 'stable';
  const reason = explain({ check: check.check, numbers, q, pAdjusted, level, floors });
  return { ...base, ...numbers, q, pAdjusted, level, reason };
}

function levelOf(numbers: Numbers, floors: ShareFloors): Exclude<Level, 'insufficient_data' | 'stable'> {
  const { interval } = numbers;
  if (interval !== null && interval.low <= 0 && interval.high >= 0) return 'negligible';
  const size = interval === null ? numbers.rateCurrent : Math.abs(numbers.diff);
  if (size >= floors.major) return 'major';
  if (size >= floors.moderate) return 'moderate';
  return size >= floors.minor ? 'minor' : 'negligible';
}

function explain(input: {
  readonly check: Check['check'];
  readonly numbers: Numbers;
  readonly q: number;
  readonly pAdjusted: number;
  readonly level: Level;
  readonly floors: ShareFloors;
}): string {
  const { check, numbers, q, pAdjusted, level, floors } = input;
  const rates = `${short(numbers.rateReference)} to ${short(numbers.rateCurrent)}`;
  const what = check === 'missing' ? `The missing rate went from ${rates}` : `The unseen rate went from ${rates}`;
  const against = `adjusted p ${short(pAdjusted)}, level ${short(q)}`;
  if (!isAtLeast(level, 'negligible')) return `${what}: not significant (${against}).`;
  if (level === 'negligible') return `${what}: certain but below the floor ${short(floors.minor)} (${against}).`;
  const named = numbers.top.map(({ name, count }) => `${name} (${count})`).join(', ');
  const values = named === '' ? '' : ` Most frequent unseen values: ${named}.`;
  return `${what}: ${level} (${against}).${values}`;
}

function sumEvents(windows: readonly Events[]): Events {
  let k = 0;
  let n = 0;
  for (const window of windows) {
    k += window.k;
    n += window.n;
  }
  return { k, n };
}

function sumCounts(counts: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
