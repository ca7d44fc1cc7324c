import type { Level } from '../../../stats/levels.ts';
import { commonStatistics, withUnseenBin } from '../common-statistics.ts';
import type { FeatureWindow, Judgement, Profile } from './profile.ts';
import { linearRanks, uniqueLinearQuantiles } from './linear-quantiles.ts';

/**
 * The textbook's PSI: deciles of the reference, one bin a category and one for the unseen, shares floored at 1e-4, and the
 * severity names 0.1 and 0.25.
 */
export const textbook: Profile = {
  id: 'textbook',
  title: 'Textbook PSI',
  source: 'Siddiqi, Credit Risk Scorecards (2006): deciles, 0.1 and 0.25; floor 1e-4 without renormalising',
  binsPerWindow: false,
  ranks: (n) => linearRanks(n, DECILES),
  binning: ({ facts, at }) => ({ by: 'edges', closed: 'right', edges: uniqueLinearQuantiles(facts.n, DECILES, at) }),
  judge: (features) => features.map(judgeOne),
  headline: (_, { statistics }) => ({ statistic: 'psi', value: statistics.psi, threshold: MODERATE }),
};

/**
 * Computes PSI with shares floored at `floor` and not renormalised, over all bins.
 *
 * @param reference  Bin counts, same bins as current; totals above 0.
 */
export function flooredPsi(reference: readonly number[], current: readonly number[], floor: number): number {
  const m = reference.reduce((sum, count) => sum + count, 0);
  const n = current.reduce((sum, count) => sum + count, 0);
  return reference.reduce((sum, count, index) => {
    const p = Math.max(count / m, floor);
    const q = Math.max((current[index] ?? 0) / n, floor);
    return sum + (q - p) * Math.log(q / p);
  }, 0);
}

const DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const FLOOR = 1e-4;
const MODERATE = 0.1;
const MAJOR = 0.25;

function judgeOne(feature: FeatureWindow): Judgement {
  const counts = withUnseenBin(feature);
  if (feature.reference.n === 0 || feature.current.n === 0 || counts === undefined) {
    return {
      statistics: commonStatistics(feature, undefined),
      level: 'insufficient_data',
      reason:
        counts === undefined
          ? `Too many distinct values to give each a bin (about ${feature.facts.distinct}).`
          : `No values to compare: ${feature.reference.n} in the reference, ${feature.current.n} now.`,
      details: {},
    };
  }
  const psi = flooredPsi(counts.reference, counts.current, FLOOR);
  const level: Level = psi >= MAJOR ? 'major' : psi >= MODERATE ? 'moderate' : 'stable';
  return {
    statistics: { ...commonStatistics(feature, counts), psi },
    level,
    reason: `PSI ${Number(psi.toPrecision(3))} is ${level === 'stable' ? `below ${MODERATE}` : `at least ${level === 'major' ? MAJOR : MODERATE}`}.`,
    details: {},
  };
}
