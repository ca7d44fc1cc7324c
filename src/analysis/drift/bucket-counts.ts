import { z } from 'zod';
import type { Frame } from './frame.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';
import { quoteNumber } from './sql-text.ts';

/** One column with the range of its values on both sides of one window. */
export interface BucketJob {
  readonly column: Column;
  readonly min: number;
  readonly max: number;
  /** True when every row of both sides is known to have a value. */
  readonly full?: boolean;
}

/** The rows of both sides in one window. */
export interface WindowRows {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly window: number;
  /** True when the current side has no other window. */
  readonly only?: boolean;
}

/** Buckets of equal width between the smallest and the largest value of both sides. */
export const BUCKETS = 32_768;

/** Values of one column by bucket. */
export interface BucketCounts {
  readonly job: BucketJob;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  /** Number of values of the reference and of the current side, both above 0. */
  readonly m: number;
  readonly n: number;
}

/** Counts the values of both sides in 32,768 buckets, each column in one pass; columns of equal values are left out. */
export async function readBucketCounts(rows: WindowRows, all: readonly BucketJob[]): Promise<readonly BucketCounts[]> {
  const jobs = all.filter(({ min, max }) => max > min && Number.isFinite(BUCKETS / (max - min)));
  if (jobs.length === 0) return [];
  const sql = jobs.map((job, index) => countSql(job, index, rows)).join('\nUNION ALL\n');
  const counted = z.array(countSchema).parse(await rows.session.rows('buckets', sql));
  return counted.flatMap((row) => {
    const job = jobs[row.job];
    return job === undefined ? [] : toCounts(job, row);
  });
}

/** Returns the ClickHouse expression of the bucket a value is in, counted from 0; of some bucket for a value of other rows. */
export function anyBucketSql(job: BucketJob, only: boolean | undefined): string {
  const { column, min, max, full } = job;
  if (full === true && only === true) return bucketSql(job);
  // ClickHouse computes it before it leaves out rows, and refuses to make a whole number of NaN.
  const inside = `if(${column.id} BETWEEN ${quoteNumber(min)} AND ${quoteNumber(max)}, ${column.id}, ${quoteNumber(min)})`;
  return bucketSql({ column: { ...column, id: inside }, min, max });
}

function bucketSql({ column, min, max }: BucketJob): string {
  // Subtraction, multiplication and truncation are monotone in doubles, so buckets keep the order of the values exactly.
  return `toUInt16((${column.id} - ${quoteNumber(min)}) * ${bucketsPerUnit({ min, max })})`;
}

/** Returns buckets per unit of the column. */
export function bucketsPerUnit({ min, max }: { readonly min: number; readonly max: number }): number {
  return (BUCKETS * (1 - 2 ** -20)) / (max - min);
}

/** Returns the condition on the rows of a job: empty, or with WHERE. */
export function whereSql({ window, only }: WindowRows, { column, full }: BucketJob): string {
  const tests = [
    ...(only === true ? [] : [`(side = 0 OR key = ${window})`]),
    ...(full === true ? [] : [`NOT isNaN(${column.id})`]),
  ];
  return tests.length === 0 ? '' : ` WHERE ${tests.join(' AND ')}`;
}

// Hundreds of thousands of numbers: looked at by a loop, not one check each.
const numbers = z.custom<readonly number[]>(
  (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'number'),
);
const countSchema = z.object({ job: z.number(), bins: numbers, counts: numbers });

// Bucket and side in 16 bits: ClickHouse then counts in a plain array.
function countSql(job: BucketJob, index: number, rows: WindowRows): string {
  const bin = `toUInt16(${bucketSql(job)} * 2 + side)`;
  return `SELECT ${index} AS job, groupArray(bin) AS bins, groupArray(n) AS counts FROM (SELECT ${bin} AS bin, count() AS n FROM ${rows.frame.table}${whereSql(rows, job)} GROUP BY bin)`;
}

function toCounts(job: BucketJob, row: z.infer<typeof countSchema>): readonly BucketCounts[] {
  const reference = new Float64Array(BUCKETS);
  const current = new Float64Array(BUCKETS);
  for (const [index, bin] of row.bins.entries())
    (bin % 2 === 0 ? reference : current)[bin >> 1] = row.counts[index] ?? 0;
  const [m, n] = [rowsIn(reference, 0, BUCKETS - 1), rowsIn(current, 0, BUCKETS - 1)];
  return m === 0 || n === 0 ? [] : [{ job, reference, current, m, n }];
}

/** Returns the values in the buckets first..last. */
export function rowsIn(counts: Float64Array, first: number, last: number): number {
  return counts.subarray(first, last + 1).reduce((sum, count) => sum + count, 0);
}
