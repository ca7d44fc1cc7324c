import { z } from 'zod';
import { chi2 } from '../../../stats/chi2.ts';
import { readSortedDistances } from '../sorted-distances.ts';
import { peerHeadline, peerJudgement } from './peer-judgement.ts';
import type { Bins, ExtraInput, FeatureWindow, Judgement, Profile } from './profile.ts';
import { robust } from './robust.ts';
import { flooredPsi } from './textbook.ts';

/** What Deepchecks says: Kolmogorov-Smirnov or Cramer's V at 0.2; PSI of categories with shares floored at 1 %. */
export const deepchecks: Profile = {
  id: 'deepchecks',
  title: 'Deepchecks',
  source: 'deepchecks/deepchecks 9d6820f9, deepchecks/utils/distribution/drift.py and preprocessing.py',
  binsPerWindow: false,
  // It does not bin numbers; ours are shown.
  ranks: (n) => robust.ranks(n),
  binning: (input) => robust.binning(input),
  measure: (input) => measureEarthMover(input),
  judge: (features) => features.map(judgeOne),
  headline: peerHeadline,
};

const THRESHOLD = 0.2;
const MIN_SHARE = 0.01;
const MIN_ROWS = 10;
const MARGIN = 0.025;

type Sides = { readonly reference: readonly number[]; readonly current: readonly number[] };

function judgeOne(feature: FeatureWindow): Judgement {
  const { bins, reference, current } = feature;
  const enough = bins !== undefined && reference.n >= MIN_ROWS && current.n >= MIN_ROWS;
  if (!enough) {
    return peerJudgement(feature, undefined, {
      statistics: {},
      test: 'drift',
      value: null,
      threshold: THRESHOLD,
      drift: false,
    });
  }
  if (feature.kind === 'numeric') {
    const value = feature.distances?.ks ?? null;
    return peerJudgement(feature, undefined, {
      statistics: {},
      test: 'Kolmogorov-Smirnov',
      value,
      threshold: THRESHOLD,
      drift: value !== null && value > THRESHOLD,
      details: { earth_movers_distance: feature.extra['earth_movers_distance'] ?? null },
    });
  }
  const counts = withOther(bins);
  const value = balancedCramersV(counts);
  return peerJudgement(feature, counts, {
    statistics: { psi: flooredPsi(counts.reference, counts.current, MIN_SHARE), cramers_v: value },
    test: "Cramer's V",
    value,
    threshold: THRESHOLD,
    drift: value !== null && value > THRESHOLD,
  });
}

// Categories below one percent of the reference, and unseen ones, are one.
function withOther(bins: Bins): Sides {
  const total = bins.reference.reduce((sum, count) => sum + count, 0);
  const kept = bins.reference.flatMap((count, index) => (count / total >= MIN_SHARE ? [index] : []));
  const pick = (counts: readonly number[]): readonly number[] => kept.map((index) => counts[index] ?? 0);
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  const unseen = bins.unseen.reduce((all, category) => all + category.count, 0);
  const rest = {
    reference: total - sum(pick(bins.reference)),
    current: sum(bins.current) + unseen - sum(pick(bins.current)),
  };
  if (rest.reference + rest.current === 0) return { reference: pick(bins.reference), current: pick(bins.current) };
  return { reference: [...pick(bins.reference), rest.reference], current: [...pick(bins.current), rest.current] };
}

// Bias-corrected, after both sides were scaled to the rows of the smaller one.
function balancedCramersV({ reference, current }: Sides): number | null {
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  const rows = Math.min(sum(reference), sum(current));
  const scaled = (counts: readonly number[]): readonly number[] => counts.map((count) => (count * rows) / sum(counts));
  return chi2(scaled(reference), scaled(current)).cramersVBc;
}

const boundsSchema = z.object({ side: z.number(), bounds: z.array(z.array(z.number().nullable())) });

// Each side loses 2.5 % at both ends, then both are scaled to [0, 1] together.
async function measureEarthMover(input: ExtraInput): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const { session, frame, columns, window, where } = input;
  if (columns.length === 0) return new Map();
  const own = `(side = 0 OR key = ${window}) AND ${where}`;
  const quantiles = columns.map(({ id }) => `quantilesExactInclusive(${MARGIN}, ${1 - MARGIN})(${id})`).join(', ');
  const sql = `SELECT side, [${quantiles}] AS bounds FROM ${frame.table} WHERE ${own} GROUP BY side ORDER BY side`;
  const sides = z.array(boundsSchema).parse(await session.rows('margins', sql));
  const result = new Map<string, Readonly<Record<string, number>>>();
  for (const [index, column] of columns.entries()) {
    const [reference, current] = sides.map(({ bounds }) => {
      const [low, high] = bounds[index] ?? [];
      return typeof low === 'number' && typeof high === 'number'
        ? `${own} AND ${column.id} BETWEEN ${low} AND ${high}`
        : '0';
    });
    if (reference === undefined || current === undefined) continue;
    const found = (await readSortedDistances({ session, frame, columns: [column], where: [reference, current] }))[0];
    if (found === undefined || found.wasserstein === null || found.span === null) continue;
    result.set(column.id, { earth_movers_distance: found.span === 0 ? 0 : found.wasserstein / found.span });
  }
  return result;
}
