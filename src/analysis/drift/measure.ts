import { z } from 'zod';
import { readCounts, readOrderStatistics, type Count, type CountJob } from './counts.ts';
import { type OrderMap, readDistances } from './distances.ts';
import { type Facts, readFacts, readReferenceFacts, type ReferenceFacts } from './facts.ts';
import type { Frame } from './frame.ts';
import { kindOf, type KindOverrides } from './kind.ts';
import type { Bins, Binning, Distances, FeatureWindow, Profile } from './profiles/profile.ts';
import type { FeatureKind } from './report.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';
import { quoteNumber } from './sql-text.ts';
import { groupWindows } from './windows.ts';

/** What does not depend on the profile: rows, ranges, kinds and distances of every column and window. */
export interface Measured {
  readonly frame: Frame;
  /** Condition on the rows that are counted; bins always come from the whole reference. */
  readonly where: string;
  readonly referenceWindows: readonly Facts[];
  readonly current: readonly Facts[];
  readonly facts: ReadonlyMap<string, ReferenceFacts>;
  readonly kinds: ReadonlyMap<string, FeatureKind>;
  readonly distances: ReadonlyMap<string, ReadonlyMap<number, Distances>>;
  /** Order statistics of the reference that are known already. */
  readonly order: OrderMap;
  /** Current values outside the reference's range, by column id and window key. */
  readonly outside: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Measures all rows of a frame. */
export async function measure(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly overrides: KindOverrides;
  /** The profiles that will judge. */
  readonly profiles: readonly Profile[];
}): Promise<Measured> {
  const { session, frame, overrides, profiles } = input;
  const where = '1';
  const { reference, current, ranges } = await readFacts(session, frame, where);
  const skew = profiles.some((profile) => profile.usesSkew === true);
  const facts = await readReferenceFacts({ session, frame, ranges, skew });
  const kinds = new Map(
    frame.columns.map((column) => [column.id, kindOf(column, factsOf(facts, column), overrides)] as const),
  );
  const numbers = frame.columns.filter((column) => column.storage === 'number');
  const { distances, order } = await readDistances({
    session,
    frame,
    columns: numbers,
    reference: facts,
    referenceRows: reference.reduce((sum, window) => sum + window.rows, 0),
    current,
    ranks: (n) => [...new Set(profiles.flatMap((profile) => profile.ranks(n)))],
  });
  const outside = await readOutside({ session, frame, columns: numbers, facts, current });
  return { frame, where, referenceWindows: reference, current, facts, kinds, distances, order, outside };
}

/** Measures the rows of one part of a measured frame, to be counted with the bins of the whole; without distances. */
export async function measurePart(session: DriftSession, whole: Measured, where: string): Promise<Measured> {
  const { reference, current } = await readFacts(session, whole.frame, where);
  return { ...whole, where, referenceWindows: reference, current, distances: new Map(), outside: new Map() };
}

/** Counts every column the profile's way and returns the features of each window, by window key. */
export async function countFeatures(
  session: DriftSession,
  measured: Measured,
  profile: Profile,
): Promise<ReadonlyMap<number, readonly FeatureWindow[]>> {
  const jobs = await planJobs(session, measured, profile);
  const keysOf = (windows: readonly Facts[]): readonly number[] => windows.map((facts) => facts.key);
  const keys = [keysOf(measured.referenceWindows), keysOf(measured.current)] as const;
  const counts = await readCounts(session, measured.frame, { jobs, keys, where: measured.where });
  const groups = groupWindows(measured.referenceWindows);
  const result = new Map<number, readonly FeatureWindow[]>();
  for (const facts of measured.current) {
    const extra = await profile.measure?.({
      session,
      frame: measured.frame,
      columns: measured.frame.columns.filter((column) => column.storage === 'number'),
      window: facts.key,
      where: measured.where,
    });
    const features = measured.frame.columns.map((column) => {
      const job = jobs.find(({ id }) => id === column.id || id === jobId(column, facts.key));
      const bins =
        job === undefined
          ? undefined
          : toBins({ binning: job.binning, counts: counts.get(job.id) ?? [], key: facts.key, groups });
      return toFeature({ measured, facts, column, bins, groups, extra: extra?.get(column.id) ?? {} });
    });
    result.set(facts.key, features);
  }
  return result;
}

/** More distinct texts than this are taken for an identifier and not counted one by one. */
const MAX_CATEGORIES = 10_000;
const NO_FACTS: ReferenceFacts = {
  n: 0,
  min: null,
  max: null,
  sdPop: null,
  skew: null,
  values: undefined,
  distinct: 0,
};

function factsOf(facts: ReadonlyMap<string, ReferenceFacts>, column: Column): ReferenceFacts {
  return facts.get(column.id) ?? NO_FACTS;
}

function jobId(column: Column, window: number): string {
  return `${column.id}@${window}`;
}

async function planJobs(session: DriftSession, measured: Measured, profile: Profile): Promise<readonly CountJob[]> {
  const { frame, facts, kinds } = measured;
  const numeric = frame.columns.filter((column) => kinds.get(column.id) === 'numeric');
  const wanted = numeric.map((column) => {
    const { n } = factsOf(facts, column);
    return { column, n, ranks: profile.ranks(n) };
  });
  const unknown = wanted.filter(({ column, ranks }) => ranks.some((rank) => !measured.order.get(column.id)?.has(rank)));
  const order = new Map([...measured.order, ...(await readOrderStatistics(session, frame, unknown))]);
  return frame.columns.flatMap((column): readonly CountJob[] => {
    const own = factsOf(facts, column);
    if (own.n === 0) return [];
    if (kinds.get(column.id) === 'categorical') {
      return own.distinct > MAX_CATEGORIES ? [] : [{ id: column.id, column, binning: { by: 'values' } }];
    }
    const at = (rank: number): number => order.get(column.id)?.get(rank) ?? 0;
    const binningOf = (window: Facts | undefined): Binning =>
      profile.binning({ facts: own, current: window?.columns.get(column.id) ?? { n: 0, min: null, max: null }, at });
    if (!profile.binsPerWindow) return [{ id: column.id, column, binning: binningOf(undefined) }];
    return measured.current.map((window) => ({
      id: jobId(column, window.key),
      column,
      binning: binningOf(window),
      window: window.key,
    }));
  });
}

function toBins(input: {
  readonly binning: Binning;
  readonly counts: readonly Count[];
  readonly key: number;
  readonly groups: ReadonlyMap<number, number>;
}): Bins {
  const { binning, counts, key, groups } = input;
  const reference = counts.filter((count) => count.side === 0);
  const current = counts.find((count) => count.side === 1 && count.key === key)?.bins ?? new Map<string, number>();
  const totals = new Map<string, number>();
  const byGroup = new Map<number, Map<string, number>>();
  for (const count of reference) {
    const group = groups.get(count.key) ?? 0;
    const own = byGroup.get(group) ?? new Map<string, number>();
    byGroup.set(group, own);
    for (const [bin, n] of count.bins) {
      totals.set(bin, (totals.get(bin) ?? 0) + n);
      own.set(bin, (own.get(bin) ?? 0) + n);
    }
  }
  const names = binning.by === 'values' ? [...totals.keys()].sort() : binNames(binning.edges.length + 1);
  const align = (from: ReadonlyMap<string, number>): readonly number[] => names.map((name) => from.get(name) ?? 0);
  const windows = [...byGroup].sort(([a], [b]) => a - b).map(([, own]) => align(own));
  const known = new Set(names);
  return {
    labels: binning.by === 'values' ? names : intervalLabels(binning.edges, binning.closed),
    edges: binning.by === 'values' ? undefined : binning.edges,
    reference: align(totals),
    referenceWindows: windows.length >= 3 ? windows : [],
    current: align(current),
    unseen: [...current]
      .filter(([name]) => !known.has(name))
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)),
  };
}

function binNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

function intervalLabels(edges: readonly number[], closed: 'right' | 'left'): readonly string[] {
  const short = (edge: number | undefined): string => String(Number((edge ?? 0).toPrecision(5)));
  if (edges.length === 0) return ['all values'];
  const [below, above] = closed === 'right' ? ['<=', '>'] : ['<', '>='];
  return Array.from({ length: edges.length + 1 }, (_, index) => {
    if (index === 0) return `${below} ${short(edges[0])}`;
    if (index === edges.length) return `${above} ${short(edges.at(-1))}`;
    if (closed === 'right' && short(edges[index - 1]) === short(edges[index])) return `= ${short(edges[index])}`;
    return closed === 'right'
      ? `(${short(edges[index - 1])}, ${short(edges[index])}]`
      : `[${short(edges[index - 1])}, ${short(edges[index])})`;
  });
}

function toFeature(input: {
  readonly measured: Measured;
  readonly facts: Facts;
  readonly column: Column;
  readonly bins: Bins | undefined;
  readonly groups: ReadonlyMap<number, number>;
  readonly extra: Readonly<Record<string, number>>;
}): FeatureWindow {
  const { measured, facts, column, bins, groups } = input;
  const kind = measured.kinds.get(column.id) ?? 'numeric';
  const rowsOf = (of: Facts): number => (column.role === 'feature' ? of.rows : of.okRows);
  const windows: { rows: number; n: number }[] = [];
  for (const window of measured.referenceWindows) {
    const slot = (windows[groups.get(window.key) ?? 0] ??= { rows: 0, n: 0 });
    slot.rows += rowsOf(window);
    slot.n += window.columns.get(column.id)?.n ?? 0;
  }
  const unseen =
    kind === 'categorical'
      ? (bins?.unseen ?? []).reduce((sum, category) => sum + category.count, 0)
      : (measured.outside.get(column.id)?.get(facts.key) ?? 0);
  return {
    column,
    kind,
    reference: {
      rows: windows.reduce((sum, window) => sum + window.rows, 0),
      n: windows.reduce((sum, window) => sum + window.n, 0),
      windows: windows.length >= 3 ? windows : [],
    },
    current: { rows: rowsOf(facts), n: facts.columns.get(column.id)?.n ?? 0, windows: [] },
    facts: factsOf(measured.facts, column),
    bins,
    distances: measured.distances.get(column.id)?.get(facts.key),
    unseen,
    extra: input.extra,
  };
}

const outsideSchema = z.object({ key: z.number(), outside: z.array(z.number()) });

async function readOutside(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly columns: readonly Column[];
  readonly facts: ReadonlyMap<string, ReferenceFacts>;
  readonly current: readonly Facts[];
}): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const columns = input.columns.filter((column) => {
    const { n, min, max } = factsOf(input.facts, column);
    const beyond = ({ columns: own }: Facts): boolean =>
      (own.get(column.id)?.min ?? Number.POSITIVE_INFINITY) < (min ?? 0) ||
      (own.get(column.id)?.max ?? Number.NEGATIVE_INFINITY) > (max ?? 0);
    return n > 0 && input.current.some(beyond);
  });
  if (columns.length === 0) return new Map();
  const counts = columns.map((column) => {
    const { min, max } = factsOf(input.facts, column);
    return `countIf(${column.id} < ${quoteNumber(min ?? 0)} OR ${column.id} > ${quoteNumber(max ?? 0)})`;
  });
  const sql = `SELECT key, [${counts.join(', ')}] AS outside FROM ${input.frame.table} WHERE side = 1 GROUP BY key`;
  const rows = z.array(outsideSchema).parse(await input.session.rows('outside', sql));
  return new Map(
    columns.map((column, index) => [column.id, new Map(rows.map((row) => [row.key, row.outside[index] ?? 0]))]),
  );
}
