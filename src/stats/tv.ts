import { type DriftStatistic, requireRows, sidesSql, toSides } from './drift-statistic.ts';
import type { Outcome } from './outcome.ts';
import { sumOver } from './sum.ts';

/** Total variation distance, the largest single change of share, and its bin. */
export type Tv = Outcome<{ tv: number; linf: number; linfIndex: number }>;

/**
 * Computes TV = sum |p - q| / 2 and L-infinity = max |p - q| with the first bin that attains it.
 *
 * Differences are compared as integers |r n - c m|, so ties are exact.
 *
 * @returns          TV is the share of rows that would have to move; both in [0, 1].
 * @throws E_STATS_SHAPE  when lengths differ.
 * @see D. Levin, Y. Peres and E. Wilmer, Markov Chains and Mixing Times (2009), 4.1; L-infinity is TensorFlow Data
 *      Validation's default for categorical features
 */
export function tv(reference: readonly number[], current: readonly number[]): Tv {
  const sides = toSides(reference, current);
  if (sides === undefined) return { status: 'insufficient_data', tv: null, linf: null, linfIndex: null };
  const { r, c, m, n } = sides;
  const gap = (index: number): number => Math.abs((r[index] ?? 0) * n - (c[index] ?? 0) * m);
  let linfIndex = 0;
  for (let index = 1; index < r.length; index += 1) if (gap(index) > gap(linfIndex)) linfIndex = index;
  const moved = sumOver(r.length, gap) / (m * n) / 2;
  return { status: 'ok', tv: Math.min(1, moved), linf: gap(linfIndex) / (m * n), linfIndex };
}

/** The total variation distance as a drift statistic. */
export const tvStatistic: DriftStatistic = {
  id: 'tv',
  title: 'Total variation distance',
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Levin, Peres and Wilmer 2009, 4.1; shown beside PSI as the share of rows that moved',
  compute: (reference, current) => requireRows(tv(reference, current).tv),
  sql: (reference, current) =>
    sidesSql(reference, current, 'least(1, arraySum((x, y) -> abs(x * n - y * m), r, c) / (m * n) / 2)'),
};

/** The largest change of one bin's share as a drift statistic. */
export const linfStatistic: DriftStatistic = {
  id: 'linf',
  title: 'Largest change of share',
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'TensorFlow Data Validation, L-infinity norm of the difference of shares',
  compute: (reference, current) => requireRows(tv(reference, current).linf),
  sql: (reference, current) =>
    sidesSql(reference, current, 'arrayMax(arrayMap((x, y) -> abs(x * n - y * m), r, c)) / (m * n)'),
};
