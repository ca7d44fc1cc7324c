import { z } from 'zod';
import { energyBinned } from '../../stats/energy-binned.ts';
import { wassersteinBinned } from '../../stats/wasserstein-binned.ts';
import {
  anyBucketSql,
  type BucketCounts,
  type BucketJob,
  BUCKETS,
  bucketsPerUnit,
  readBucketCounts,
  rowsIn,
  type WindowRows,
  whereSql,
} from './bucket-counts.ts';
import { findGapRanges, type GapSearch } from './bucket-ranges.ts';
import { codeSql, gapSql } from './code-sql.ts';

/**
 * Computes the distances of many values without sorting them all, in one window.
 *
 * A first pass counts both sides in 32,768 buckets of equal width. Wasserstein and energy come from these counts (exact to
 * a bucket's width). Kolmogorov-Smirnov is bounded in every bucket, and only the few that can hold the largest gap are
 * sorted in a second pass, which makes it exact. The same pass reads the buckets that hold the order statistics asked for.
 *
 * @param input.ranks  Ranks of the reference's values, counted from 0, by column id.
 * @returns            By column id; absent where a side has no values or all values are equal.
 */
export async function readBucketDistances(
  input: WindowRows & {
    readonly jobs: readonly BucketJob[];
    readonly ranks?: ReadonlyMap<string, readonly number[]>;
  },
): Promise<ReadonlyMap<string, BucketDistances>> {
  const counted = await readBucketCounts(input, input.jobs);
  const plans = counted.map((counts) => planOf(counts, input.ranks?.get(counts.job.column.id) ?? []));
  const open = plans.filter((plan) => plan.ranges.length > 0 || plan.buckets.length > 0);
  const refined = await refine(input, open);
  return new Map(
    plans.map((plan): [string, BucketDistances] => {
      const { job, m, n } = plan.counts;
      const found = refined[open.indexOf(plan)];
      const largest = Math.max(plan.search.largest, found?.gap ?? 0);
      const ks = plan.crowded ? undefined : largest / (m * n);
      return [job.column.id, { ...binnedDistances(plan.counts), ks, order: orderOf(plan, found?.values ?? []) }];
    }),
  );
}

/** Distances of one column from its buckets. */
export interface BucketDistances {
  /** Exact; undefined when the values crowd into few buckets, so that sorting them all is as good. */
  readonly ks: number | undefined;
  readonly wasserstein: number | null;
  readonly energySquared: number | null;
  /** Width of a bucket in units of the column; bounds the error of wasserstein. */
  readonly width: number;
  /** The reference's values of the ranks asked for; empty when too many values share their buckets. */
  readonly order: ReadonlyMap<number, number>;
}

/** Share of rows in the ranges beyond which sorting everything is as good. */
const MAX_SORTED_SHARE = 0.5;
/** Most reference values of one column that are fetched to find its order statistics among them. */
const MAX_FETCHED = 50_000;

const refinedSchema = z.object({ job: z.number(), gap: z.number(), values: z.array(z.number()) });

/** What is known from the buckets, and what the second pass has to read. */
interface Plan {
  readonly counts: BucketCounts;
  readonly search: GapSearch;
  readonly crowded: boolean;
  readonly ranges: GapSearch['ranges'];
  readonly ranks: readonly number[];
  /** Buckets that hold the ranks, ascending. */
  readonly buckets: readonly number[];
}

type Refined = { readonly gap: number; readonly values: readonly number[] };

function planOf(counts: BucketCounts, ranks: readonly number[]): Plan {
  const search = findGapRanges(counts);
  const crowded = search.rows > MAX_SORTED_SHARE * (counts.m + counts.n);
  const buckets = bucketsOf(counts.reference, ranks);
  const fetched = buckets.reduce((sum, bucket) => sum + (counts.reference[bucket] ?? 0), 0);
  const ranges = crowded ? [] : search.ranges;
  return fetched > MAX_FETCHED
    ? { counts, search, crowded, ranges, ranks: [], buckets: [] }
    : { counts, search, crowded, ranges, ranks, buckets };
}

function bucketsOf(reference: Float64Array, ranks: readonly number[]): readonly number[] {
  const ascending = ranks.toSorted((a, b) => a - b);
  const found: number[] = [];
  let next = 0;
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS && next < ascending.length; bucket += 1) {
    seen += reference[bucket] ?? 0;
    const before = next;
    while (next < ascending.length && (ascending[next] ?? 0) < seen) next += 1;
    if (next > before) found.push(bucket);
  }
  return found;
}

function binnedDistances({
  job,
  reference,
  current,
}: BucketCounts): Pick<BucketDistances, 'width' | 'wasserstein' | 'energySquared'> {
  const scale = bucketsPerUnit(job);
  const edges = Array.from({ length: BUCKETS + 1 }, (_, i) => (i === BUCKETS ? job.max : job.min + i / scale));
  const sides = [Array.from(reference), Array.from(current)] as const;
  return {
    width: 1 / scale,
    wasserstein: wassersteinBinned(...sides, edges).w1,
    energySquared: energyBinned(...sides, edges).energySq,
  };
}

// The values of the buckets in order; the buckets' counts say at which rank each bucket starts.
function orderOf({ counts, ranks, buckets }: Plan, fetched: readonly number[]): ReadonlyMap<number, number> {
  const values = Float64Array.from(fetched).sort();
  let start = 0;
  let offset = 0;
  let next = 0;
  const places = buckets.map((bucket) => {
    start += rowsIn(counts.reference, next, bucket - 1);
    next = bucket + 1;
    const place = { start, rows: counts.reference[bucket] ?? 0, offset };
    start += place.rows;
    offset += place.rows;
    return place;
  });
  return new Map(
    ranks.flatMap((rank) => {
      const place = places.find((candidate) => rank >= candidate.start && rank < candidate.start + candidate.rows);
      const value = place === undefined ? undefined : values[place.offset + rank - place.start];
      return value === undefined ? [] : [[rank, value] as const];
    }),
  );
}

/** The largest gap inside the ranges of each plan and the reference's values in its buckets, in the order given. */
async function refine(rows: WindowRows, plans: readonly Plan[]): Promise<readonly (Refined | undefined)[]> {
  if (plans.length === 0) return [];
  const sql = plans.map((plan, index) => refineSql(plan, index, rows)).join('\nUNION ALL\n');
  const found = z.array(refinedSchema).parse(await rows.session.rows('bucket_ranges', sql));
  return plans.map((_, index) => found.find((row) => row.job === index));
}

function refineSql({ counts, ranges, buckets }: Plan, index: number, rows: WindowRows): string {
  const { job, m, n } = counts;
  const { id } = job.column;
  const inRanges = ranges.map(({ first, last }) => `bucket BETWEEN ${first} AND ${last}`);
  const inBuckets = buckets.length === 0 ? [] : [`bucket IN (${buckets.join(', ')})`];
  // The ranges by number; the other buckets, whose gaps say nothing, as the last.
  const which = inRanges.reduceRight(
    (rest, test, range) => `if(${test}, ${range}, ${rest})`,
    `toUInt8(${ranges.length})`,
  );
  const bases = `[${[...ranges.map(({ base }) => base), 0].map((base) => `toInt64(${base})`).join(', ')}]`;
  const gap = gapSql({ codes: 'codes', base: `${bases}[range + 1]`, m: String(m), n: String(n) });
  const wanted = inBuckets.length === 0 ? '0' : `side = 0 AND ${inBuckets.join('')}`;
  return `SELECT ${index} AS job, toFloat64(max(if(range = ${ranges.length}, 0, ${gap}))) AS gap, groupArrayArray(fetched) AS values FROM (
  SELECT ${which} AS range, arraySort(groupArray(${codeSql(id, 'side')})) AS codes, groupArrayIf(${id}, ${wanted}) AS fetched
  FROM (SELECT side, ${id}, ${anyBucketSql(job, rows.only)} AS bucket FROM ${rows.frame.table}${whereSql(rows, job)})
  WHERE ${[...inRanges, ...inBuckets].join(' OR ')} GROUP BY range)`;
}
