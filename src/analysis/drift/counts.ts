import { z } from 'zod';
import type { Frame } from './frame.ts';
import type { Binning } from './profiles/profile.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';
import { quoteNumber } from './sql-text.ts';

/** A column to be counted with given bins. */
export interface CountJob {
  readonly id: string;
  readonly column: Column;
  readonly binning: Binning;
  /** Counts only this window of the current side. */
  readonly window?: number;
}

/** Counts of one side and window, by bin index or by value. */
export interface Count {
  readonly side: number;
  readonly key: number;
  readonly bins: ReadonlyMap<string, number>;
}

/**
 * Counts all jobs, each in one pass over its column; statements hold up to 64 jobs.
 *
 * @param where  Further condition on rows.
 * @returns      The counts of each job, by job id.
 */
export async function readCounts(
  session: DriftSession,
  frame: Frame,
  input: { readonly jobs: readonly CountJob[]; readonly where?: string },
): Promise<ReadonlyMap<string, readonly Count[]>> {
  const byJob = new Map<string, Count[]>(input.jobs.map((job) => [job.id, []]));
  for (let start = 0; start < input.jobs.length; start += JOBS_PER_STATEMENT) {
    const jobs = input.jobs.slice(start, start + JOBS_PER_STATEMENT);
    const sql = jobs
      .map((job, index) => jobSql({ frame, job, index: start + index, where: input.where ?? '1' }))
      .join('\nUNION ALL\n');
    for (const row of z.array(rowSchema).parse(await session.rows('counts', sql))) {
      const job = input.jobs[row.job];
      const bins = new Map(row.bins.map((bin, index) => [bin, row.counts[index] ?? 0]));
      if (job !== undefined) byJob.get(job.id)?.push({ side: row.side, key: row.key, bins });
    }
  }
  return byJob;
}

/** Reads order statistics of the reference: for each column the values at the ranks, counted from 0. */
export async function readOrderStatistics(
  session: DriftSession,
  frame: Frame,
  columns: readonly { readonly column: Column; readonly n: number; readonly ranks: readonly number[] }[],
): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const wanted = columns.filter((entry) => entry.n > 0 && entry.ranks.length > 0);
  const found = new Map<string, ReadonlyMap<number, number>>();
  // The engine holds every value of the columns of one statement.
  const most = Math.max(1, ...wanted.map((entry) => entry.n));
  const step = Math.max(1, Math.floor(VALUES_PER_STATEMENT / most));
  for (let start = 0; start < wanted.length; start += step) {
    const part = wanted.slice(start, start + step);
    const lists = part.map(({ column, n, ranks }) => {
      // quantileExact takes the value of rank floor(level * n), so half a rank on top names it whatever the rounding.
      const levels = ranks.map((rank) => String((rank + 0.5) / n)).join(', ');
      return `quantilesExact(${levels})(${column.id})`;
    });
    const sql = `SELECT [${lists.join(',\n  ')}] AS values FROM ${frame.table} WHERE side = 0`;
    const row = z.object({ values: z.array(z.array(z.number())) }).parse((await session.rows('quantiles', sql))[0]);
    for (const [index, { column, ranks }] of part.entries()) {
      found.set(column.id, new Map(ranks.map((rank, position) => [rank, row.values[index]?.[position] ?? 0] as const)));
    }
  }
  return found;
}

const VALUES_PER_STATEMENT = 50_000_000;
const JOBS_PER_STATEMENT = 64;

const rowSchema = z.object({
  job: z.number(),
  side: z.number(),
  key: z.number(),
  bins: z.array(z.string()),
  counts: z.array(z.number()),
});

function jobSql(input: {
  readonly frame: Frame;
  readonly job: CountJob;
  readonly index: number;
  readonly where: string;
}): string {
  const { frame, job, index, where } = input;
  const { id, storage } = job.column;
  const given = storage === 'number' ? `NOT isNaN(${id})` : `${id} IS NOT NULL`;
  const only = job.window === undefined ? '' : ` AND (side = 0 OR key = ${job.window})`;
  const inner = `SELECT side, key, ${binSql(job)} AS bin, count() AS n FROM ${frame.table} WHERE ${given} AND ${where}${only} GROUP BY side, key, bin`;
  return `SELECT ${index} AS job, side, key, groupArray(toString(bin)) AS bins, groupArray(n) AS counts FROM (${inner}) GROUP BY side, key`;
}

// The bin of a value is the number of edges below it (right-closed), or not above it (left-closed): comparisons summed,
// because that is the fastest thing ClickHouse can do with a few edges (13 ns a value for nine).
function binSql({ column, binning }: CountJob): string {
  if (binning.by === 'values') return column.storage === 'number' ? column.id : `assumeNotNull(${column.id})`;
  if (binning.edges.length === 0) return 'toUInt16(0)';
  const operator = binning.closed === 'right' ? '>' : '>=';
  return `toUInt16(${binning.edges.map((edge) => `(${column.id} ${operator} ${quoteNumber(edge)})`).join(' + ')})`;
}
