import { StatsError } from '../core/errors.ts';
import { type Sample, sortFinite } from './clean.ts';
import type { Outcome } from './outcome.ts';
import { walkPooled } from './pooled-walk.ts';
import { quantile7 } from './quantile7.ts';
import { normalUpper } from './special.ts';
import { sum, sumOver } from './sum.ts';

/** What a Mann-Whitney test says; `greater` is about current values being larger than reference values. */
export type MannWhitney = Outcome<MannWhitneyNumbers, 'ok' | 'degenerate'>;

/** The test on raw values, with what only raw values can tell. */
export type MannWhitneyOfValues = Outcome<
  MannWhitneyNumbers & {
    /** Two-sided exact p-value; null with ties or more than 8 values on a side. */
    pExact: number | null;
    /** Median of all differences current - reference; null above 120 000 pairs or when it overflows. */
    hodgesLehmann: number | null;
  },
  'ok' | 'degenerate'
>;

type MannWhitneyNumbers = {
  /** Pairs where current > reference plus half of the ties. */
  u: number;
  /** P(current > reference) + P(equal)/2, between 0 and 1. */
  probSuperiority: number;
  /** 2 * probSuperiority - 1, between -1 and 1. */
  cliffsDelta: number;
  /** (|U - mn/2| - 1/2) / sd with the tie-corrected sd; null when all values are equal. */
  z: number | null;
  /** Two-sided normal p-value. */
  p: number;
  /** One-sided normal p-value of "current is greater"; null when all values are equal. */
  pGreater: number | null;
};

const EXACT_MAX_SIDE = 8;
const HODGES_LEHMANN_MAX_PAIRS = 120_000;

/**
 * Computes the Mann-Whitney U test with tie correction and continuity correction in O(n log n).
 *
 * @param reference  Baseline values; those that are not finite are left out.
 * @param current    Canary values in the same unit.
 * @returns          All numbers null when a side is empty; p = 1 and z null when all values are equal.
 * @see H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger than the
 * other, Ann. Math. Statist. 18 (1947)
 * @see J. L. Hodges and E. L. Lehmann, Estimates of location based on rank tests, Ann. Math. Statist. 34 (1963)
 */
export function mannWhitney(reference: Sample, current: Sample): MannWhitneyOfValues {
  const x = sortFinite(reference);
  const y = sortFinite(current);
  const before: number[] = [];
  const after: number[] = [];
  let tied = false;
  walkPooled(x, y, (_, { atFirst, atSecond }) => {
    before.push(atFirst);
    after.push(atSecond);
    tied ||= atFirst + atSecond > 1;
  });
  const result = mannWhitneyCounts(before, after);
  if (result.status === 'insufficient_data') return { ...result, pExact: null, hodgesLehmann: null };
  const pExact = tied ? null : exactP(result.u, x.length, y.length);
  return { ...result, pExact, hodgesLehmann: hodgesLehmann(x, y) };
}

/**
 * Computes the same test from counts at aligned ascending values or bins; values in one bin count as ties.
 *
 * @param reference  Counts, one a bin, in ascending order of the bins.
 * @param current    Counts of the same bins.
 * @throws E_STATS_SHAPE  when the lengths differ.
 */
export function mannWhitneyCounts(reference: readonly number[], current: readonly number[]): MannWhitney {
  if (reference.length !== current.length) {
    throw new StatsError('E_STATS_SHAPE', 'The Mann-Whitney test needs counts of the same bins on both sides.');
  }
  const m = sum(reference);
  const n = sum(current);
  if (m <= 0 || n <= 0) return INSUFFICIENT;
  let below = 0;
  const u = sumOver(reference.length, (i) => {
    const pairs = (current[i] ?? 0) * (below + (reference[i] ?? 0) / 2);
    below += reference[i] ?? 0;
    return pairs;
  });
  const total = m + n;
  const probSuperiority = u / (m * n);
  const shared = { u, probSuperiority, cliffsDelta: (2 * u - m * n) / (m * n) };
  const largest = reference.reduce((most, count, i) => Math.max(most, count + (current[i] ?? 0)), 0);
  if (largest === total) return { status: 'degenerate', ...shared, z: null, p: 1, pGreater: null };
  const ties = sumOver(reference.length, (i) => {
    const t = (reference[i] ?? 0) + (current[i] ?? 0);
    return t * (t - 1) * (t + 1);
  });
  const sd = Math.sqrt(((m * n) / 12) * (total + 1 - ties / (total * (total - 1))));
  const z = (Math.abs(u - (m * n) / 2) - 0.5) / sd;
  const p = Math.min(1, 2 * normalUpper(z));
  return { status: 'ok', ...shared, z, p, pGreater: normalUpper((u - (m * n) / 2 - 0.5) / sd) };
}

const INSUFFICIENT = {
  status: 'insufficient_data',
  u: null,
  probSuperiority: null,
  cliffsDelta: null,
  z: null,
  p: null,
  pGreater: null,
} as const;

/** Doubles the smaller tail of the distribution of U over all arrangements without ties. */
function exactP(u: number, m: number, n: number): number | null {
  if (Math.max(m, n) > EXACT_MAX_SIDE) return null;
  const ways = arrangementsByU(m, n);
  const lower = sum(ways.slice(0, u + 1));
  const upper = sum(ways.slice(u));
  return Math.min(1, (2 * Math.min(lower, upper)) / sum(ways));
}

/** Returns how many of the C(m + n, n) arrangements have each value of U: coefficients of the Gaussian binomial. */
function arrangementsByU(m: number, n: number): readonly number[] {
  const ways = Array<number>(m * n + 1).fill(0);
  ways[0] = 1;
  for (let part = 1; part <= n; part += 1) {
    for (let u = m * n; u >= m + part; u -= 1) ways[u] = (ways[u] ?? 0) - (ways[u - m - part] ?? 0);
    for (let u = part; u <= m * n; u += 1) ways[u] = (ways[u] ?? 0) + (ways[u - part] ?? 0);
  }
  return ways;
}

function hodgesLehmann(x: Float64Array, y: Float64Array): number | null {
  if (x.length * y.length > HODGES_LEHMANN_MAX_PAIRS) return null;
  const differences = new Float64Array(x.length * y.length);
  y.forEach((value, j) => {
    for (let i = 0; i < x.length; i += 1) differences[j * x.length + i] = value - (x[i] ?? 0);
  });
  return quantile7(differences.sort(), 0.5);
}
