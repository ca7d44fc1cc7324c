import { z } from 'zod';
import { energyBinned } from '../../stats/energy-binned.ts';
import { wassersteinBinned } from '../../stats/wasserstein-binned.ts';
import { codeSql, gapSql } from './code-sql.ts';
import type { Frame } from './frame.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';
import { quoteNumber } from './sql-text.ts';

/** One column with the range and the number of its values on both sides of one window. */
export interface BucketJob {
  readonly column: Column;
  readonly min: number;
  readonly max: number;
}

/**
 * Computes the distances of many values without sorting them all, in one window.
 *
 * A first pass counts both sides in 32,768 buckets of equal width. Wasserstein and energy come from these counts (exact to
 * a bucket's width). Kolmogorov-Smirnov is bounded in every bucket, and only the few that can hold the largest gap are
 * sorted in a second pass, which makes it exact.
 *
 * @returns  By column id; absent where a side has no values or all values are equal.
 */
export async function readBucketDistances(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly window: number;
  readonly jobs: readonly BucketJob[];
}): Promise<ReadonlyMap<string, BucketDistances>> {
  const { session, frame, window } = input;
  const jobs = input.jobs.filter(({ min, max }) => max > min && Number.isFinite(BUCKETS / (max - min)));
  if (jobs.length === 0) return new Map();
  const rows = [frame.table, `(side = 0 OR key = ${window})`] as const;
  const sql = jobs.map((job, index) => countSql(job, index, rows)).join('\nUNION ALL\n');
  const counted = z.array(countSchema).parse(await session.rows('buckets', sql));
  const plans = counted.flatMap((row) => {
    const job = jobs[row.job];
    const plan = job === undefined ? undefined : planOf(job, row);
    return plan === undefined ? [] : [plan];
  });
  const open = plans.filter((plan) => !plan.crowded && plan.ranges.length > 0);
  const refined = open.length === 0 ? [] : await readRanges(session, open, rows);
  return new Map(
    plans.map((plan): [string, BucketDistances] => {
      const largest = Math.max(plan.largestGap, refined[open.indexOf(plan)] ?? 0);
      return [plan.job.column.id, { ...plan.binned, ks: plan.crowded ? undefined : largest / (plan.m * plan.n) }];
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
}

const BUCKETS = 32_768;
const MAX_RANGES = 3;
/** Share of rows in the ranges beyond which sorting everything is as good. */
const MAX_SORTED_SHARE = 0.5;

/** Conditions are cheaper on whole blocks of values than one after the other on what is left. */
const WHOLE_BLOCKS = { short_circuit_function_evaluation: 'disable' };

const countSchema = z.object({ job: z.number(), bins: z.array(z.number()), counts: z.array(z.number()) });
const refinedSchema = z.object({ job: z.number(), gap: z.number() });

/** Table and condition of the rows of one window. */
type Rows = readonly [table: string, condition: string];

/** What is known from the buckets, and where the largest gap may still hide. */
interface Plan {
  readonly job: BucketJob;
  readonly m: number;
  readonly n: number;
  /** Largest |a n - b m| at the end of a bucket. */
  readonly largestGap: number;
  readonly ranges: readonly Range[];
  readonly crowded: boolean;
  readonly binned: Omit<BucketDistances, 'ks'>;
}

/** Buckets first..last, with the gap a n - b m before them. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly base: number;
}

// Subtraction, multiplication and truncation are monotone in doubles, so buckets keep the order of the values exactly.
function bucketSql({ column, min, max }: BucketJob): string {
  return `toUInt16((${column.id} - ${quoteNumber(min)}) * ${scaleOf({ min, max })})`;
}

function scaleOf({ min, max }: { readonly min: number; readonly max: number }): number {
  return (BUCKETS * (1 - 2 ** -20)) / (max - min);
}

// Bucket and side in 16 bits: ClickHouse then counts in a plain array.
function countSql(job: BucketJob, index: number, [table, condition]: Rows): string {
  const bin = `toUInt16(${bucketSql(job)} * 2 + side)`;
  return `SELECT ${index} AS job, groupArray(bin) AS bins, groupArray(n) AS counts FROM (SELECT ${bin} AS bin, count() AS n FROM ${table} WHERE ${condition} AND NOT isNaN(${job.column.id}) GROUP BY bin)`;
}

function planOf(job: BucketJob, row: z.infer<typeof countSchema>): Plan | undefined {
  const reference = new Float64Array(BUCKETS);
  const current = new Float64Array(BUCKETS);
  for (const [index, bin] of row.bins.entries())
    (bin % 2 === 0 ? reference : current)[Math.floor(bin / 2)] = row.counts[index] ?? 0;
  const [m, n] = [reference, current].map((side) => side.reduce((sum, count) => sum + count, 0));
  if (m === undefined || n === undefined || m === 0 || n === 0) return undefined;
  const gaps = gapsOf(reference, current, { m, n });
  const ranges = mergeRanges(candidates(reference, current, { m, n, gaps }), gaps.before);
  const inside = ranges.reduce(
    (sum, { first, last }) => sum + rowsIn(reference, first, last) + rowsIn(current, first, last),
    0,
  );
  const scale = scaleOf(job);
  const edges = Array.from({ length: BUCKETS + 1 }, (_, i) => (i === BUCKETS ? job.max : job.min + i / scale));
  const sides = [Array.from(reference), Array.from(current)] as const;
  return {
    job,
    m,
    n,
    largestGap: gaps.largest,
    ranges,
    crowded: inside > MAX_SORTED_SHARE * (m + n),
    binned: {
      width: 1 / scale,
      wasserstein: wassersteinBinned(...sides, edges).w1,
      energySquared: energyBinned(...sides, edges).energySq,
    },
  };
}

type Gaps = { readonly before: Float64Array; readonly largest: number };

function gapsOf(
  reference: Float64Array,
  current: Float64Array,
  { m, n }: { readonly m: number; readonly n: number },
): Gaps {
  const before = new Float64Array(BUCKETS + 1);
  let largest = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const gap = (before[bucket] ?? 0) + (reference[bucket] ?? 0) * n - (current[bucket] ?? 0) * m;
    before[bucket + 1] = gap;
    largest = Math.max(largest, Math.abs(gap));
  }
  return { before, largest };
}

// Inside a bucket the gap can reach what it would be if all rows of one side came before all rows of the other.
function candidates(
  reference: Float64Array,
  current: Float64Array,
  { m, n, gaps }: { readonly m: number; readonly n: number; readonly gaps: Gaps },
): readonly number[] {
  const found: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const before = gaps.before[bucket] ?? 0;
    const highest = before + (reference[bucket] ?? 0) * n;
    const lowest = before - (current[bucket] ?? 0) * m;
    if (Math.max(highest, -lowest) > gaps.largest) found.push(bucket);
  }
  return found;
}

// At most three ranges, made by closing the narrowest gaps between candidates.
function mergeRanges(found: readonly number[], before: Float64Array): readonly Range[] {
  const breaks = found
    .map((bucket, index) => ({ index, width: bucket - (found[index - 1] ?? bucket) }))
    .filter((gap) => gap.width > 1)
    .sort((a, b) => b.width - a.width)
    .slice(0, MAX_RANGES - 1)
    .map((gap) => gap.index)
    .sort((a, b) => a - b);
  return [0, ...breaks].flatMap((start, position): readonly Range[] => {
    const first = found[start];
    const last = found[(breaks[position] ?? found.length) - 1];
    return first === undefined || last === undefined ? [] : [{ first, last, base: before[first] ?? 0 }];
  });
}

function rowsIn(counts: Float64Array, first: number, last: number): number {
  return counts.subarray(first, last + 1).reduce((sum, count) => sum + count, 0);
}

/** The largest gap inside the ranges of each plan, in the order given. */
async function readRanges(session: DriftSession, plans: readonly Plan[], rows: Rows): Promise<readonly number[]> {
  const sql = plans.map((plan, index) => rangeSql(plan, index, rows)).join('\nUNION ALL\n');
  const found = z.array(refinedSchema).parse(await session.rows('bucket_ranges', sql, WHOLE_BLOCKS));
  return plans.map((_, index) => found.find((row) => row.job === index)?.gap ?? 0);
}

function rangeSql(plan: Plan, index: number, rows: Rows): string {
  const { job, ranges, m, n } = plan;
  const scale = scaleOf(job);
  const { id } = job.column;
  // By value first, a bucket wider at both ends: two comparisons a value. Then exactly, on what is left.
  const near = ranges.map(
    ({ first, last }) => `${id} BETWEEN ${job.min + (first - 1) / scale} AND ${job.min + (last + 2) / scale}`,
  );
  const inside = ranges.map(({ first, last }) => `bucket BETWEEN ${first} AND ${last}`).join(' OR ');
  const which = ranges.map(({ last }) => `(bucket > ${last})`).join(' + ');
  const bases = `[${ranges.map(({ base }) => `toInt64(${base})`).join(', ')}]`;
  const [table, condition] = rows;
  return `SELECT ${index} AS job, toFloat64(max(largest)) AS gap FROM (
  SELECT ${gapSql({ codes: 'codes', base: `${bases}[range + 1]`, m: String(m), n: String(n) })} AS largest FROM (
    SELECT ${which} AS range, arraySort(groupArray(${codeSql(id, 'side')})) AS codes
    FROM (SELECT side, ${id}, ${bucketSql(job)} AS bucket FROM ${table} PREWHERE ${near.join(' OR ')} WHERE ${condition})
    WHERE ${inside} GROUP BY range))`;
}
