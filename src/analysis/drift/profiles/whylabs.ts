import { hellinger } from '../../../stats/hellinger.ts';
import { withUnseenBin } from '../common-statistics.ts';
import { equalWidthEdges } from './equal-width.ts';
import { peerHeadline, peerJudgement, plainPsi, sharesOf } from './peer-judgement.ts';
import type { FeatureWindow, Judgement, Profile } from './profile.ts';

/** What the WhyLabs service says: 30 edges of equal width over both sides, shares clipped at 1e-7, Hellinger at 0.7. */
export const whylabs: Profile = {
  id: 'whylabs',
  title: 'WhyLabs',
  source: 'whylabs/whylabs-oss 151d1589, Distance.java; exact counts here where it has sketches',
  binsPerWindow: true,
  ranks: () => [],
  binning: ({ facts, current }) => {
    const min = Math.min(facts.min ?? 0, current.min ?? facts.min ?? 0);
    const max = Math.max(facts.max ?? 0, current.max ?? facts.max ?? 0);
    return { by: 'edges', closed: 'left', edges: min === max ? [] : equalWidthEdges(min, max, EDGES - 1) };
  },
  judge: (features) => features.map(judgeOne),
  headline: peerHeadline,
};

const EDGES = 30;
const CLIP = 1e-7;
const THRESHOLD = 0.7;

function judgeOne(feature: FeatureWindow): Judgement {
  const counts = withUnseenBin(feature);
  const usable = counts !== undefined && feature.reference.n > 0 && feature.current.n > 0;
  const clipped = (side: readonly number[]): readonly number[] =>
    sharesOf(side, (share) => Math.min(1, Math.max(CLIP, share)));
  const value = usable ? hellinger(counts.reference, counts.current).distance : null;
  return peerJudgement(feature, usable ? counts : undefined, {
    statistics: { psi: usable ? plainPsi(clipped(counts.reference), clipped(counts.current)) : null },
    test: 'Hellinger distance',
    value,
    threshold: THRESHOLD,
    drift: value !== null && value >= THRESHOLD,
  });
}
