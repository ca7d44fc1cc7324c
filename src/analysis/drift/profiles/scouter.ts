import { chi2Quantile } from '../../../stats/special.ts';
import { linearRanks, uniqueLinearQuantiles } from './linear-quantiles.ts';
import { peerHeadline, peerJudgement, plainPsi, sharesOf } from './peer-judgement.ts';
import type { FeatureWindow, Judgement, Profile } from './profile.ts';

/** What Scouter says: deciles of the reference, 1e-10 added to shares, unseen categories dropped, chi-square threshold. */
export const scouter: Profile = {
  id: 'scouter',
  title: 'Scouter',
  source: 'demml/scouter 8faee5a0, scouter_types/src/psi/alert.rs and scouter_drift/src/psi/monitor.rs',
  binsPerWindow: false,
  ranks: (n) => linearRanks(n, DECILES),
  binning: ({ facts, at }) => ({ by: 'edges', closed: 'right', edges: uniqueLinearQuantiles(facts.n, DECILES, at) }),
  judge: (features) => features.map(judgeOne),
  headline: peerHeadline,
};

const DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const ADDED = 1e-10;
const CONFIDENCE = 0.95;

function judgeOne(feature: FeatureWindow): Judgement {
  const { bins, current, reference } = feature;
  const usable = bins !== undefined && reference.n > 0 && current.n > 0;
  // Unseen categories have no bin, but count in the total: the shares do not sum to 1.
  const share = (side: readonly number[], total: number): readonly number[] =>
    side.map((count) => count / total + ADDED);
  const psi = usable
    ? plainPsi(
        sharesOf(bins.reference, (p) => p + ADDED),
        share(bins.current, current.n),
      )
    : null;
  // The reference is taken as exact: only the current rows make noise.
  const df = (bins?.reference.length ?? 1) - 1;
  const threshold = usable && df > 0 ? chi2Quantile(CONFIDENCE, df) / current.n : null;
  return peerJudgement(feature, usable ? bins : undefined, {
    statistics: { psi },
    test: 'PSI',
    value: psi,
    threshold,
    drift: psi !== null && threshold !== null && psi > threshold,
  });
}
