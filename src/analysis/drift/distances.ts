import type { BucketJob } from './bucket-counts.ts';
import { readBucketDistances } from './bucket-distances.ts';
import type { Facts, ReferenceFacts } from './facts.ts';
import type { Frame } from './frame.ts';
import { readKsTest } from './ks-test.ts';
import type { Distances } from './profiles/profile.ts';
import type { DriftSession } from './session.ts';
import { GRID_POINTS, readSortedDistances, type SortedDistances } from './sorted-distances.ts';
import type { Column } from './source.ts';

/** What the distances are computed from. */
export interface DistanceInput {
  readonly session: DriftSession;
  readonly frame: Frame;
  /** Columns of numbers. */
  readonly columns: readonly Column[];
  readonly reference: ReadonlyMap<string, ReferenceFacts>;
  /** Rows of the whole reference. */
  readonly referenceRows: number;
  readonly current: readonly Facts[];
  /** Which order statistics of `n` reference values will be asked for, counted from 0. */
  readonly ranks: (n: number) => readonly number[];
}

/** Distances by column id and window key. */
export type DistanceMap = ReadonlyMap<string, ReadonlyMap<number, Distances>>;

/** Order statistics of the reference by column id and rank. */
export type OrderMap = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** The distances, and the order statistics that came with them: none where other ways were taken. */
export interface FoundDistances {
  readonly distances: DistanceMap;
  readonly order: OrderMap;
}

/**
 * Computes Kolmogorov-Smirnov, Wasserstein-1 and energy distance of every column of numbers in every window.
 *
 * Up to 4 million values (the reference counts once a window) all three are exact, from the sorted pooled values. Up to 60
 * million, and for a single window of any size, Kolmogorov-Smirnov is exact and the others come from 32,768 buckets, or from
 * a sample of rows where one outlier makes buckets useless. With more windows 10,000 quantiles stand for the reference.
 *
 * @returns  Absent where a side has no values.
 */
export async function readDistances(input: DistanceInput): Promise<FoundDistances> {
  const columns = input.columns.filter((column) => (input.reference.get(column.id)?.n ?? 0) > 0);
  if (columns.length === 0) return { distances: new Map(), order: new Map() };
  const total = columns.reduce((sum, column) => sum + valuesOf(input, column, input.current), 0);
  const once = columns.reduce((sum, column) => sum + (input.reference.get(column.id)?.n ?? 0), 0);
  const many = total > Math.max(PASSED_VALUES, MAX_PASSES * once);
  if (total > EXACT_VALUES && !many) return readLarge({ ...input, columns });
  const grid = total > EXACT_VALUES;
  const found = await readSortedDistances({ ...input, columns, where: ['1', '1'], grid });
  const how = grid
    ? ({ method: 'reference_grid', ksError: 0.5 / GRID_POINTS } as const)
    : ({ method: 'exact', ksError: 0 } as const);
  const distances = collect(
    columns,
    found.map((entry) => ({ id: entry.column.id, key: entry.key, distances: { ...how, ...numbersOf(entry) } })),
  );
  return { distances, order: new Map() };
}

const EXACT_VALUES = 4_000_000;
const PASSED_VALUES = 60_000_000;
const MAX_PASSES = 4;
const SAMPLED_VALUES = 1_000_000;
/** Bucket width, in standard deviations, from which buckets of crowded values say too little. */
const FINE = 5e-4;

type Found = { readonly id: string; readonly key: number; readonly distances: Distances };

function valuesOf(input: DistanceInput, column: Column, windows: readonly Facts[]): number {
  const m = input.reference.get(column.id)?.n ?? 0;
  return windows.reduce((sum, facts) => sum + m + (facts.columns.get(column.id)?.n ?? 0), 0);
}

async function readLarge(input: DistanceInput): Promise<FoundDistances> {
  const { session, frame } = input;
  const found: Found[] = [];
  const order = new Map<string, ReadonlyMap<number, number>>();
  const only = input.current.length === 1;
  for (const facts of input.current) {
    const key = facts.key;
    const jobs = input.columns.flatMap((column) => jobOf(input, facts, column));
    const unordered = jobs.filter((job) => !order.has(job.column.id));
    const ranks = new Map(unordered.map((job) => [job.column.id, input.ranks(job.m)] as const));
    const bucketed = await readBucketDistances({ session, frame, window: key, only, jobs, ranks });
    for (const [id, distances] of bucketed) if (distances.order.size > 0) order.set(id, distances.order);
    const crowded = jobs.filter((job) => bucketed.get(job.column.id)?.ks === undefined);
    const tested = await readKsTest({ session, frame, window: key, jobs: crowded });
    const coarse = crowded.filter(
      (job) => (bucketed.get(job.column.id)?.width ?? Number.POSITIVE_INFINITY) > FINE * job.sd,
    );
    const sampled = await readSample(input, facts, coarse);
    for (const { column } of jobs) {
      const id = column.id;
      const ks = bucketed.get(id)?.ks ?? tested.get(id);
      const rest = sampled.get(id) ?? bucketed.get(id);
      if (ks === undefined || rest === undefined) continue;
      const method = sampled.has(id) ? 'exact_ks_sampled_rest' : 'buckets';
      const { wasserstein, energySquared } = rest;
      found.push({ id, key, distances: { method, ks, ksError: 0, wasserstein, energySquared } });
    }
  }
  return { distances: collect(input.columns, found), order };
}

type Job = BucketJob & { readonly m: number; readonly n: number; readonly sd: number };

function jobOf(input: DistanceInput, facts: Facts, column: Column): readonly Job[] {
  const reference = input.reference.get(column.id);
  const own = facts.columns.get(column.id);
  if (reference === undefined || own === undefined || own.n === 0) return [];
  const min = Math.min(reference.min ?? 0, own.min ?? 0);
  const max = Math.max(reference.max ?? 0, own.max ?? 0);
  const full = reference.n === input.referenceRows && own.n === facts.rows;
  return [{ column, min, max, full, m: reference.n, n: own.n, sd: reference.sdPop ?? 0 }];
}

async function readSample(
  input: DistanceInput,
  facts: Facts,
  jobs: readonly Job[],
): Promise<ReadonlyMap<string, SortedDistances>> {
  const { session, frame } = input;
  const columns = jobs.map((job) => job.column);
  if (columns.length === 0) return new Map();
  const total = columns.reduce((sum, column) => sum + valuesOf(input, column, [facts]), 0);
  const every = Math.max(1, Math.ceil(total / SAMPLED_VALUES));
  const sample = `intHash64(${frame.inMemory ? 'rowNumberInAllBlocks()' : '_part_offset'}) % ${every} = 0`;
  const where = [sample, `key = ${facts.key} AND ${sample}`] as const;
  const found = await readSortedDistances({ session, frame, columns, where });
  return new Map(found.map((entry) => [entry.column.id, entry]));
}

function numbersOf(entry: SortedDistances): Pick<Distances, 'ks' | 'wasserstein' | 'energySquared'> {
  return { ks: entry.ks, wasserstein: entry.wasserstein, energySquared: entry.energySquared };
}

function collect(columns: readonly Column[], found: readonly Found[]): DistanceMap {
  return new Map(
    columns.map((column) => {
      const own = found.filter((entry) => entry.id === column.id);
      return [column.id, new Map(own.map((entry) => [entry.key, entry.distances] as const))] as const;
    }),
  );
}
