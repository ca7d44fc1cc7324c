import { type DriftStatistic, requireRows, sidesSql, toSides } from './drift-statistic.ts';
import type { Outcome } from './outcome.ts';
import { sumOver } from './sum.ts';

/** Hellinger distance and Bhattacharyya coefficient. */
export type Hellinger = Outcome<{ distance: number; bc: number }>;

/**
 * Computes the Hellinger distance H = sqrt(sum (sqrt p - sqrt q)^2 / 2).
 *
 * The form sqrt(1 - bc) is not used: it cancels for close histograms.
 *
 * @returns          distance and bc = sum sqrt(p q), both in [0, 1].
 * @throws E_STATS_SHAPE  when lengths differ.
 * @see E. Hellinger, Neue Begruendung der Theorie quadratischer Formen, J. reine angew. Math. 136 (1909)
 */
export function hellinger(reference: readonly number[], current: readonly number[]): Hellinger {
  const sides = toSides(reference, current);
  if (sides === undefined) return { status: 'insufficient_data', distance: null, bc: null };
  const { r, c, m, n } = sides;
  const square = sumOver(r.length, (i) => (Math.sqrt((r[i] ?? 0) / m) - Math.sqrt((c[i] ?? 0) / n)) ** 2);
  const bc = sumOver(r.length, (i) => Math.sqrt(((r[i] ?? 0) / m) * ((c[i] ?? 0) / n)));
  return { status: 'ok', distance: Math.min(1, Math.sqrt(square / 2)), bc: Math.min(1, bc) };
}

/** The Hellinger distance as a drift statistic. */
export const hellingerStatistic: DriftStatistic = {
  id: 'hellinger',
  title: 'Hellinger distance',
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Hellinger 1909; shown beside PSI (PSI is about 8 H^2 for small shifts)',
  compute: (reference, current) => requireRows(hellinger(reference, current).distance),
  sql: (reference, current) =>
    sidesSql(reference, current, 'least(1, sqrt(arraySum((x, y) -> pow(sqrt(x / m) - sqrt(y / n), 2), r, c) / 2))'),
};
