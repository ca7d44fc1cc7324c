import { betaI } from './special.ts';

/** What a feature was like in its reference. */
export type MinuteReference = {
  /** Values, and the largest share of rows without one that any of its windows had. */
  readonly n: number;
  readonly worstMissingShare: number;
  /** Largest share of rows in one bin, or in one tenth or category of any window: no single value is more frequent. */
  readonly topShare: number;
  /** Quartiles; empty for categories. */
  readonly quartiles: readonly number[];
  /** Largest share of values below the lower and above the upper quartile that any window had; 0 for categories. */
  readonly worstLowShare: number;
  readonly worstHighShare: number;
  /** Largest share of values outside of the bins that any of its windows had. */
  readonly worstOutsideShare: number;
};

/** What a feature was like in the last minutes. */
export type MinuteCurrent = {
  readonly rows: number;
  /** Rows with a value. */
  readonly n: number;
  /** 1 when all values are the same. */
  readonly distinct: number;
  readonly quartiles: readonly number[];
  /** Values outside of the reference's bins. */
  readonly outside: number;
  /** Some of the values outside. */
  readonly examples: readonly string[];
};

/** Something that cannot wait for a window to close. */
export type MinuteIncident = {
  readonly detector: 'gone_null' | 'gone_constant' | 'unit_change' | 'unseen_burst';
  readonly level: 'moderate' | 'major';
  readonly p: number;
  readonly reason: string;
};

/**
 * Tells whether a feature has gone null or constant, is in another unit, or bursts with unseen values; the gravest, if any.
 *
 * Each is a binomial tail under the worst window of the reference: at least 95 % of the rows without a value; one value
 * only; three quarters of the values where the reference has one, scaled by a known factor; at least 20 % of the values
 * unseen. Rows of one minute come in clusters, so only one in five counts where values are compared, or where most were
 * missing before.
 *
 * @param alpha  Largest p-value that is an incident, corrected for the features and detectors already.
 * @returns      Undefined when nothing is wrong or there are too few rows to say so.
 */
export function minuteIncident(
  reference: MinuteReference,
  current: MinuteCurrent,
  alpha: number,
): MinuteIncident | undefined {
  if (reference.n < MIN_REFERENCE || current.rows < MIN_ROWS) return undefined;
  const found = [
    goneNull(reference, current),
    goneConstant(reference, current),
    unitChange(reference, current),
    unseenBurst(reference, current),
  ];
  return found.find((incident) => incident !== undefined && incident.p <= alpha);
}

/** Number of detectors, for the correction of `alpha`. */
export const MINUTE_DETECTORS = 4;

const MIN_REFERENCE = 100;
const MIN_ROWS = 20;
const CLUSTER = 5;
const GONE_SHARE = 0.95;
const BURST_SHARE = 0.2;
const GRAVE_SHARE = 0.5;
const SAME_SHAPE = 0.2;
const SAME_FACTOR = 0.1;
/** Powers of ten, and inch, foot, mile, pound, minute, hour, day, kibibyte. */
const FACTORS = [10, 100, 1e3, 1e4, 1e5, 1e6, 1e9, 2.54, 3.28084, 1.609344, 2.204623, 60, 3600, 24, 86_400, 1024];

function goneNull(reference: MinuteReference, current: MinuteCurrent): MinuteIncident | undefined {
  const missing = current.rows - current.n;
  const before = Math.max(reference.worstMissingShare, 1 / (reference.n + 1));
  if (missing < GONE_SHARE * current.rows) return undefined;
  // Where a value is rather missing than given, rows without one come in clusters too.
  const cluster = before > GRAVE_SHARE ? CLUSTER : 1;
  return {
    detector: 'gone_null',
    level: 'major',
    p: tail(before, Math.floor(missing / cluster), Math.floor(current.rows / cluster)),
    reason: `${percent(missing / current.rows)} of the last ${current.rows} rows have no value; at most ${percent(before)} in any window of the reference.`,
  };
}

function goneConstant(reference: MinuteReference, current: MinuteCurrent): MinuteIncident | undefined {
  if (current.distinct !== 1 || current.n < 2 * CLUSTER) return undefined;
  return {
    detector: 'gone_constant',
    level: 'major',
    p: reference.topShare ** (current.n / CLUSTER - 1),
    reason: `All of the last ${current.n} values are the same; no value has more than ${percent(reference.topShare)} in any window of the reference.`,
  };
}

function unitChange(reference: MinuteReference, current: MinuteCurrent): MinuteIncident | undefined {
  const pairs = reference.quartiles.map((before, index) => ({ before, now: current.quartiles[index] ?? Number.NaN }));
  const [low, middle, high] = pairs;
  if (low === undefined || middle === undefined || high === undefined) return undefined;
  if (!(low.now > high.before || high.now < low.before)) return undefined;
  const unit =
    scaleOf(pairs.map(({ before, now }) => now / before)) ?? (isFahrenheit(pairs) ? '1.8 x + 32' : undefined);
  if (unit === undefined) return undefined;
  const n = Math.floor(current.n / CLUSTER);
  // A season can scale values too: some window of the reference then lay as far out.
  const before = low.now > high.before ? reference.worstHighShare : reference.worstLowShare;
  return {
    detector: 'unit_change',
    level: 'major',
    // Whole quartiles have moved, so what lies outside is no run of one client.
    p: Math.min(tail(Math.max(0.25, before), Math.ceil(0.75 * n), n), outsideP(reference, current, Math.ceil)),
    reason: `The values look like those of the reference times ${unit}: median ${short(middle.before)} to ${short(middle.now)}. The unit may have changed.`,
  };
}

/** Returns the known factor by which all quartiles are scaled, or undefined. */
function scaleOf(ratios: readonly number[]): string | undefined {
  if (!ratios.every((ratio) => Number.isFinite(ratio) && ratio > 0)) return undefined;
  const logs = ratios.map(Math.log);
  if (Math.max(...logs) - Math.min(...logs) > SAME_SHAPE) return undefined;
  const middle = logs[1] ?? 0;
  for (const factor of FACTORS) {
    if (Math.abs(middle - Math.log(factor)) < SAME_FACTOR) return short(factor);
    if (Math.abs(middle + Math.log(factor)) < SAME_FACTOR) return `1/${short(factor)}`;
  }
  return undefined;
}

function isFahrenheit(pairs: readonly { readonly before: number; readonly now: number }[]): boolean {
  const [low, , high] = pairs;
  const spread = 1.8 * ((high?.before ?? 0) - (low?.before ?? 0));
  return spread > 0 && pairs.every(({ before, now }) => Math.abs(now - (1.8 * before + 32)) < SAME_FACTOR * spread);
}

function unseenBurst(reference: MinuteReference, current: MinuteCurrent): MinuteIncident | undefined {
  const share = current.n === 0 ? 0 : current.outside / current.n;
  const before = outsideBefore(reference);
  if (share < BURST_SHARE || current.n < MIN_ROWS || before > BURST_SHARE) return undefined;
  const named = current.examples.length === 0 ? '' : ` Such as: ${current.examples.join(', ')}.`;
  return {
    detector: 'unseen_burst',
    level: share >= GRAVE_SHARE ? 'major' : 'moderate',
    // Rounded down, or six equal values of one client would count as two clusters.
    p: outsideP(reference, current, Math.floor),
    reason: `${percent(share)} of the last ${current.n} values are none that the reference has; at most ${percent(before)} in any window of it.${named}`,
  };
}

/** Largest share of values outside that the reference leads us to expect. */
function outsideBefore(reference: MinuteReference): number {
  return Math.max(reference.worstOutsideShare, 1 / (reference.n + 1));
}

function outsideP(reference: MinuteReference, current: MinuteCurrent, round: (clusters: number) => number): number {
  const n = Math.floor(current.n / CLUSTER);
  return n === 0 ? 1 : tail(outsideBefore(reference), Math.min(n, round((current.outside / current.n) * n)), n);
}

/** P(Bin(n, p) >= k). */
function tail(p: number, k: number, n: number): number {
  return k <= 0 ? 1 : betaI(Math.min(1, p), k, n - k + 1);
}

function percent(share: number): string {
  return `${short(100 * share)} %`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
