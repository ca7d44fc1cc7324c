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
 * Counts all jobs, each in one pass over its column; statements hold up to 32 jobs.
 *
 * @param input.keys   Keys of the windows that the reference and the current side have, ascending; told, they are cheaper.
 * @param input.where  Further condition on rows.
 * @returns            The counts of each job, by job id.
 */
export async function readCounts(
  session: DriftSession,
  frame: Frame,
  input: {
    readonly jobs: readonly CountJob[];
    readonly keys?: readonly [reference: readonly number[], current: readonly number[]];
    readonly where?: string;
  },
): Promise<ReadonlyMap<string, readonly Count[]>> {
  const byJob = new Map<string, Count[]>(input.jobs.map((job) => [job.id, []]));
  for (let start = 0; start < input.jobs.length; start += JOBS_PER_STATEMENT) {
    const jobs = input.jobs.slice(start, start + JOBS_PER_STATEMENT);
    const sql = jobs
      .flatMap((job, index) =>
        jobSql({ frame, job, index: start + index, keys: input.keys, where: input.where ?? '1' }),
      )
      .join('\nUNION ALL\n');
    for (const row of z.array(rowSchema).parse(await session.rows('counts', sql))) {
      const job = input.jobs[row.job];
      const bins =
        row.bins.length === 0
          ? fromAbove(row.counts)
          : new Map(row.bins.map((bin, index) => [bin, row.counts[index] ?? 0]));
      if (job !== undefined) byJob.get(job.id)?.push({ side: row.part, key: row.start, bins });
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
const JOBS_PER_STATEMENT = 32;

const rowSchema = z.object({
  job: z.number(),
  part: z.number(),
  start: z.number(),
  bins: z.array(z.string()),
  counts: z.array(z.number()),
});

interface JobInput {
  readonly frame: Frame;
  readonly job: CountJob;
  readonly index: number;
  readonly keys: readonly [reference: readonly number[], current: readonly number[]] | undefined;
  readonly where: string;
}

function jobSql(input: JobInput): readonly string[] {
  const { job, keys } = input;
  if (keys === undefined || job.binning.by === 'values') return [anySql(input)];
  const current = job.window === undefined ? keys[1] : [job.window];
  const edges = job.binning.edges;
  const sides = [sideSql(input, edges, [0, keys[0]]), sideSql(input, edges, [1, current])];
  const known = sides.filter((sql) => sql !== undefined);
  return known.length === sides.length ? known : [anySql(input)];
}

/** By any windows and any values. */
function anySql({ frame, job, index, where }: JobInput): string {
  const { id, storage } = job.column;
  const given = storage === 'number' ? `NOT isNaN(${id})` : `${id} IS NOT NULL`;
  const only = job.window === undefined ? '' : ` AND (side = 0 OR key = ${job.window})`;
  const inner = `SELECT side, key, ${binSql(job)} AS bin, count() AS n FROM ${frame.table} WHERE ${given} AND ${where}${only} GROUP BY side, key, bin`;
  return `SELECT ${index} AS job, side AS part, key AS start, groupArray(toString(bin)) AS bins, groupArray(n) AS counts FROM (${inner}) GROUP BY side, key`;
}

type SideKeys = readonly [side: 0 | 1, keys: readonly number[]];

/** One window: how many values there are, and how many beyond each edge. More: window and bin in 16 bits, counted in an array. */
function sideSql(input: JobInput, edges: readonly number[], [side, keys]: SideKeys): string | undefined {
  const { frame, job, index, where } = input;
  const { id } = job.column;
  const first = keys[0] ?? 0;
  const head = (key: string): string => `SELECT ${index} AS job, toUInt8(${side}) AS part, toInt32(${key}) AS start`;
  const rows = `FROM ${frame.table} WHERE side = ${side} AND ${where}`;
  if (keys.length < 2) {
    const counts = [`countIf(NOT isNaN(${id}))`, ...beyondSql(job).map((test) => `countIf(${test})`)];
    const only = job.window !== undefined && side === 1 ? ` AND key = ${job.window}` : '';
    return `${head(String(first))}, CAST([], 'Array(String)') AS bins, [${counts.join(', ')}] AS counts ${rows}${only}`;
  }
  const hours = KEY_STEPS[side === 0 ? frame.referenceUnit : frame.unit];
  const width = edges.length + 1;
  if ((((keys.at(-1) ?? first) - first) / hours + 1) * width > SLOTS) return undefined;
  const inner = `SELECT toUInt16(intDiv(key - ${first}, ${hours}) * ${width} + ${binSql(job)}) AS slot, count() AS n ${rows} AND NOT isNaN(${id}) GROUP BY slot`;
  return `${head(`${first} + intDiv(slot, ${width}) * ${hours}`)}, groupArray(toString(slot % ${width})) AS bins, groupArray(n) AS counts FROM (${inner}) GROUP BY start`;
}

/** Keys of windows are multiples of so many hours. */
const KEY_STEPS = { all: 1, hour: 1, day: 24, week: 168, month: 24 } as const;
const SLOTS = 65_536;

// Counts of values, of values beyond the first edge, beyond the second and so on.
function fromAbove(counts: readonly number[]): ReadonlyMap<string, number> {
  return new Map(counts.map((count, bin) => [String(bin), count - (counts[bin + 1] ?? 0)] as const));
}

// The bin of a value is the number of edges below it (right-closed), or not above it (left-closed): comparisons summed,
// because that is the fastest thing ClickHouse can do with a few edges (13 ns a value for nine).
function binSql(job: CountJob): string {
  const { column, binning } = job;
  if (binning.by === 'values') return column.storage === 'number' ? column.id : `assumeNotNull(${column.id})`;
  return binning.edges.length === 0 ? 'toUInt16(0)' : `toUInt16(${beyondSql(job).join(' + ')})`;
}

function beyondSql({ column, binning }: CountJob): readonly string[] {
  if (binning.by === 'values') return [];
  const operator = binning.closed === 'right' ? '>' : '>=';
  return binning.edges.map((edge) => `(${column.id} ${operator} ${quoteNumber(edge)})`);
}
