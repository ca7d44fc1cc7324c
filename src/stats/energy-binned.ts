import { binGaps, binGapsSql } from './binned-gap.ts';
import { type DriftStatistic, requireRows, toSides } from './drift-statistic.ts';
import type { Outcome } from './outcome.ts';
import { sumOver } from './sum.ts';

/** Energy distance of two histograms. */
export type EnergyBinned = Outcome<{ energySq: number; energy: number }>;

/**
 * Computes the energy distance of two histograms with linear distribution functions inside the bins.
 *
 * D^2 = 2 sum w / 3 (a^2 + a b + b^2), a and b the gaps F - G at the ends of a bin; energy = D in square roots of x.
 *
 * @param edges  B + 1 finite edges; bins of width 1 when absent.
 * @throws E_STATS_SHAPE  when lengths do not fit.
 * @see G. Szekely and M. Rizzo, J. Stat. Plan. Inference 143 (2013)
 */
export function energyBinned(
  reference: readonly number[],
  current: readonly number[],
  edges?: readonly number[],
): EnergyBinned {
  const sides = toSides(reference, current);
  if (sides === undefined) return { status: 'insufficient_data', energySq: null, energy: null };
  const gaps = binGaps(sides, edges);
  const energySq = sumOver(gaps.length, (i) => {
    const gap = gaps[i];
    if (gap === undefined) return 0;
    return (2 / 3) * gap.width * (gap.left ** 2 + gap.left * gap.right + gap.right ** 2);
  });
  return { status: 'ok', energySq, energy: Math.sqrt(Math.max(0, energySq)) };
}

/** The energy distance of two histograms as a drift statistic. */
export const energyStatistic: DriftStatistic = {
  id: 'energy',
  title: 'Energy distance',
  appliesTo: ['numeric'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Szekely and Rizzo 2013; shown only, no default threshold',
  compute: (reference, current, edges) => requireRows(energyBinned(reference, current, edges).energy),
  sql: (reference, current, edges) =>
    binGapsSql({
      reference,
      current,
      edges,
      term: '2 / 3 * w * (a * a + a * b + b * b)',
      finish: (sum) => `sqrt(greatest(0, ${sum}))`,
    }),
};
