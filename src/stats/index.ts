import { chi2Statistic, cramersVStatistic, gStatistic } from './chi2.ts';
import type { DriftStatistic } from './drift-statistic.ts';
import { energyStatistic } from './energy-binned.ts';
import { hellingerStatistic } from './hellinger.ts';
import { jsStatistic } from './js-distance.ts';
import { ksStatistic } from './ks-binned.ts';
import { psiStatistic } from './psi.ts';
import { linfStatistic, tvStatistic } from './tv.ts';
import { wassersteinStatistic } from './wasserstein-binned.ts';

/** Every distance between histograms, in the order it is shown. */
export const driftStatistics: readonly DriftStatistic[] = [
  psiStatistic,
  ksStatistic,
  chi2Statistic,
  gStatistic,
  jsStatistic,
  hellingerStatistic,
  tvStatistic,
  linfStatistic,
  wassersteinStatistic,
  energyStatistic,
  cramersVStatistic,
];
