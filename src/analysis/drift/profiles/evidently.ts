import { z } from 'zod';
import { hellinger } from '../../../stats/hellinger.ts';
import { kolmogorovUpper, ksExact } from '../../../stats/ks-p-value.ts';
import { jsDistance } from '../../../stats/js-distance.ts';
import { chi2Upper } from '../../../stats/special.ts';
import { twoProportion } from '../../../stats/two-proportion.ts';
import { withUnseenBin } from '../common-statistics.ts';
import { type CountJob, readCounts } from '../counts.ts';
import { equalWidthEdges, sturgesBins } from './equal-width.ts';
import { peerHeadline, peerJudgement, type PeerVerdict, plainPsi, sharesOf } from './peer-judgement.ts';
import type { ExtraInput, FeatureWindow, Judgement, Profile } from './profile.ts';

/** What Evidently 0.7 says with its default choice of tests; PSI and the other distances as its code computes them. */
export const evidently: Profile = {
  id: 'evidently',
  title: 'Evidently 0.7',
  source: 'evidentlyai/evidently a4aa4c2b, src/evidently/legacy/calculations/stattests',
  binsPerWindow: true,
  ranks: () => [],
  binning: ({ facts, current }) => {
    if (facts.values !== undefined && facts.values.length <= MAX_VALUES) return { by: 'values' };
    const min = Math.min(facts.min ?? 0, current.min ?? facts.min ?? 0);
    const max = Math.max(facts.max ?? 0, current.max ?? facts.max ?? 0);
    const bins = sturgesBins({ n: facts.n + current.n, min, max });
    return { by: 'edges', closed: 'left', edges: equalWidthEdges(min, max, bins).slice(1, -1) };
  },
  measure: (input) => measureHellinger(input),
  judge: (features) => features.map(judgeOne),
  headline: peerHeadline,
};

const MAX_VALUES = 20;
const FEW_VALUES = 5;
const SMALL_REFERENCE = 1000;
const ALPHA = 0.05;
const DISTANCE = 0.1;
const MAX_EXACT_CELLS = 4_000_000;

type Sides = { readonly reference: readonly number[]; readonly current: readonly number[] };

function judgeOne(feature: FeatureWindow): Judgement {
  const counts = withUnseenBin(feature);
  if (counts === undefined || feature.reference.n === 0 || feature.current.n === 0) {
    return peerJudgement(feature, undefined, {
      statistics: {},
      test: 'drift',
      value: null,
      threshold: null,
      drift: false,
    });
  }
  const p = filled(counts.reference);
  const q = filled(counts.current);
  const psi = plainPsi(p, q);
  const bits = jsDistance(counts.reference, counts.current).distance;
  const js = bits === null ? null : bits * Math.sqrt(Math.LN2);
  const sd = Math.max(feature.facts.sdPop ?? 0, 0.001);
  const distance = feature.distances?.wasserstein ?? null;
  const statistics = {
    psi,
    js_distance: js,
    hellinger: feature.extra['hellinger'] ?? hellinger(counts.reference, counts.current).distance,
    ks_p: ksP(feature),
    wasserstein_scaled: distance === null ? null : distance / sd,
  };
  return peerJudgement(feature, counts, {
    statistics,
    ...defaultTest(feature, counts, { js, scaled: statistics.wasserstein_scaled, ksP: statistics.ks_p }),
    details: { psi_threshold: DISTANCE, kl_div: klDivergence(p, q), chi2_p: goodnessOfFit(counts) },
  });
}

// The test Evidently picks by itself: by the reference's rows, the kind and the number of distinct values.
function defaultTest(
  feature: FeatureWindow,
  counts: Sides,
  known: { readonly js: number | null; readonly scaled: number | null; readonly ksP: number | null },
): Pick<PeerVerdict, 'test' | 'value' | 'threshold' | 'drift'> {
  const live = counts.reference.filter((count, index) => count + (counts.current[index] ?? 0) > 0).length;
  const numeric = feature.kind === 'numeric' && !(feature.bins?.edges === undefined && live <= FEW_VALUES);
  if (feature.reference.n > SMALL_REFERENCE) {
    const value = numeric ? known.scaled : known.js;
    const test = numeric ? 'Wasserstein distance (normed)' : 'Jensen-Shannon distance';
    return { test, value, threshold: DISTANCE, drift: value !== null && value >= DISTANCE };
  }
  const test = numeric ? 'K-S p_value' : live <= 2 ? 'Z-test p_value' : 'chi-square p_value';
  const value = numeric ? known.ksP : live <= 2 ? zTest(counts) : goodnessOfFit(counts);
  return { test, value, threshold: ALPHA, drift: value !== null && value <= ALPHA };
}

// A zero share becomes 1e-4, or a millionth of the smallest share where that is 1e-4 or less; nothing is renormalised.
function filled(counts: readonly number[]): readonly number[] {
  const shares = sharesOf(counts, (share) => share);
  const smallest = Math.min(...shares.filter((share) => share > 0));
  const fill = smallest <= 1e-4 ? smallest / 1e6 : 1e-4;
  return shares.map((share) => (share === 0 ? fill : share));
}

function klDivergence(p: readonly number[], q: readonly number[]): number {
  const total = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0);
  const [m, n] = [total(p), total(q)];
  return p.reduce((sum, share, index) => sum + (share / m) * Math.log(share / m / ((q[index] ?? 0) / n)), 0);
}

// Goodness of fit against the scaled reference: a category the reference has not makes the statistic infinite.
function goodnessOfFit({ reference, current }: Sides): number {
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  const scale = total(current) / total(reference);
  let x2 = 0;
  let live = 0;
  for (const [index, count] of reference.entries()) {
    const observed = current[index] ?? 0;
    if (count + observed === 0) continue;
    if (count === 0) return 0;
    live += 1;
    x2 += (observed - count * scale) ** 2 / (count * scale);
  }
  return live < 2 ? 1 : chi2Upper(x2, live - 1);
}

function zTest({ reference, current }: Sides): number {
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  return twoProportion({ k: reference[0] ?? 0, n: total(reference) }, { k: current[0] ?? 0, n: total(current) }).p ?? 1;
}

function ksP({ distances, reference, current }: FeatureWindow): number | null {
  if (distances === undefined) return null;
  const cells = reference.n * current.n;
  if (Math.max(reference.n, current.n) <= 10_000 && cells <= MAX_EXACT_CELLS) {
    return ksExact({ m: reference.n, n: current.n, gap: Math.round(distances.ks * cells) });
  }
  return kolmogorovUpper(distances.ks * Math.sqrt(cells / (reference.n + current.n)));
}

const rangeSchema = z.object({
  distinct: z.array(z.number()),
  low: z.array(z.number().nullable()),
  high: z.array(z.number().nullable()),
});

// Its Hellinger distance cuts by Sturges' rule over the set of distinct values, not over the rows.
async function measureHellinger(input: ExtraInput): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const { session, frame, columns, window, where } = input;
  if (columns.length === 0) return new Map();
  const list = (call: string): string => columns.map(({ id }) => `${call}(${id}, NOT isNaN(${id}))`).join(', ');
  const rows = `side = 0 OR key = ${window}`;
  const sql = `SELECT [${list('uniqExactIf')}] AS distinct, [${list('minIf')}] AS low, [${list('maxIf')}] AS high FROM ${frame.table} WHERE (${rows}) AND ${where}`;
  const row = rangeSchema.parse((await session.rows('distinct', sql))[0]);
  const jobs = columns.map((column, index): CountJob => {
    const range = { n: row.distinct[index] ?? 0, min: row.low[index] ?? 0, max: row.high[index] ?? 0 };
    const bins = range.n === 0 ? 1 : sturgesBins(range);
    const edges = equalWidthEdges(range.min, range.max, bins).slice(1, -1);
    return { id: column.id, column, binning: { by: 'edges', closed: 'left', edges }, window };
  });
  const counts = await readCounts(session, frame, { jobs, where });
  return new Map(
    jobs.flatMap((job) => {
      const bins = job.binning.by === 'edges' ? job.binning.edges.length + 1 : 0;
      const side = (wanted: number): readonly number[] =>
        Array.from({ length: bins }, (_, bin) =>
          (counts.get(job.id) ?? [])
            .filter((count) => count.side === wanted)
            .reduce((sum, count) => sum + (count.bins.get(String(bin)) ?? 0), 0),
        );
      const { distance } = hellinger(side(0), side(1));
      return distance === null ? [] : [[job.id, { hellinger: distance }] as const];
    }),
  );
}
