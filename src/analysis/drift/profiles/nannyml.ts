import { hellinger } from '../../../stats/hellinger.ts';
import { jsDistance } from '../../../stats/js-distance.ts';
import { withUnseenBin } from '../common-statistics.ts';
import { doaneBins, equalWidthEdges, nextUp } from './equal-width.ts';
import { peerHeadline, peerJudgement } from './peer-judgement.ts';
import type { Bins, FeatureWindow, Judgement, Profile } from './profile.ts';

/** What NannyML 0.13 says: Jensen-Shannon over bins of the reference, threshold from the spread of reference chunks. */
export const nannyml: Profile = {
  id: 'nannyml',
  title: 'NannyML 0.13',
  source: 'NannyML/nannyml 4c86ee35, nannyml/drift/univariate/methods.py and thresholds.py',
  binsPerWindow: false,
  usesSkew: true,
  ranks: () => [],
  binning: ({ facts }) => {
    // Few distinct values are taken for categories.
    if (facts.values !== undefined && facts.values.length / facts.n <= 0.1) return { by: 'values' };
    const range = { n: facts.n, min: facts.min ?? 0, max: facts.max ?? 0, skew: facts.skew ?? 0 };
    const edges = equalWidthEdges(range.min, range.max, doaneBins(range));
    // Outside the reference's range: below the first edge, or above the last, which belongs to its bin.
    return { by: 'edges', closed: 'left', edges: [...edges.slice(0, -1), nextUp(range.max)] };
  },
  judge: (features) => features.map(judgeOne),
  headline: peerHeadline,
};

type Sides = { readonly reference: readonly number[]; readonly current: readonly number[] };
const SPREAD = 3;

function judgeOne(feature: FeatureWindow): Judgement {
  const { bins } = feature;
  const counts = bins === undefined ? undefined : withLeftover(feature, bins);
  const js = counts === undefined ? null : jsDistance(counts.reference, counts.current).distance;
  const threshold = bins === undefined || counts === undefined ? null : chunkThreshold(bins, counts);
  return peerJudgement(feature, counts, {
    statistics: {
      js_distance: js,
      hellinger: counts === undefined ? null : hellinger(counts.reference, counts.current).distance,
    },
    test: 'Jensen-Shannon distance',
    value: js,
    threshold,
    drift: js !== null && threshold !== null && js > threshold,
  });
}

// One more bin takes everything outside the reference's range or vocabulary.
function withLeftover(feature: FeatureWindow, bins: Bins): Sides {
  return bins.edges === undefined
    ? (withUnseenBin(feature) ?? { reference: [], current: [] })
    : { reference: joinEnds(bins.reference), current: joinEnds(bins.current) };
}

function joinEnds(counts: readonly number[]): readonly number[] {
  return [...counts.slice(1, -1), (counts[0] ?? 0) + (counts.at(-1) ?? 0)];
}

/** Mean plus three standard deviations of the reference's own chunks against the whole reference. */
function chunkThreshold(bins: Bins, counts: Sides): number | null {
  const values = bins.referenceWindows.flatMap((window) => {
    const own = bins.edges === undefined ? padded(window, counts.reference.length) : joinEnds(window);
    const { distance } = jsDistance(counts.reference, own);
    return distance === null ? [] : [distance];
  });
  if (values.length < 3) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return mean + SPREAD * Math.sqrt(variance);
}

function padded(counts: readonly number[], length: number): readonly number[] {
  return Array.from({ length }, (_, index) => counts[index] ?? 0);
}
