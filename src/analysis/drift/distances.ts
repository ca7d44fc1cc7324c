import { z } from 'zod';
import type { Facts, ReferenceFacts } from './facts.ts';
import type { Frame } from './frame.ts';
import type { Distances } from './profiles/profile.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';

/** What the distances are computed from. */
export interface DistanceInput {
  readonly session: DriftSession;
  readonly frame: Frame;
  /** Columns of numbers. */
  readonly columns: readonly Column[];
  readonly reference: ReadonlyMap<string, ReferenceFacts>;
  readonly current: readonly Facts[];
  readonly where: string;
}

/** Distances of one column's values in one window, straight from the sorted pooled values. */
export interface SortedDistances {
  readonly key: number;
  readonly ks: number;
  readonly wasserstein: number | null;
  readonly energySquared: number | null;
  /** Largest minus smallest of the pooled values. */
  readonly span: number | null;
}

/** Values up to which everything is exact; beyond, Wasserstein and energy come from a sample of rows. */
const EXACT_VALUES = 4_000_000;
/** Values up to which Kolmogorov-Smirnov stays exact; beyond, quantiles stand for the reference. */
const KS_VALUES = 60_000_000;
/** Points that stand for the reference; its distribution function is then off by at most half of their inverse. */
const GRID_POINTS = 10_000;
const SAMPLED_VALUES = 1_500_000;

/**
 * Computes Kolmogorov-Smirnov, Wasserstein-1 and energy distance of every column of numbers in every window.
 *
 * Up to 4 million values (reference once a window) all three are exact, from the sorted pooled values. Up to 60 million
 * Kolmogorov-Smirnov is exact and the others are taken from every k-th row. Beyond, 10,000 quantiles stand for the
 * reference in each window.
 *
 * @returns  By column id and window key; absent where a side has no values.
 */
export async function readDistances(input: DistanceInput): Promise<ReadonlyMap<string, ReadonlyMap<number, Distances>>> {
  const columns = input.columns.filter((column) => (input.reference.get(column.id)?.n ?? 0) > 0);
  if (columns.length === 0) return new Map();
  const values = (of: DistanceInput): number => columns.reduce((sum, column) => sum + valuesOf(of, column), 0);
  const total = values(input);
  if (total <= EXACT_VALUES) return readSorted({ ...input, columns }, { method: 'exact', ksError: 0 });
  if (total > KS_VALUES) {
    return readSorted({ ...input, columns }, { method: 'reference_grid', ksError: 0.5 / GRID_POINTS });
  }
  const every = Math.ceil(total / SAMPLED_VALUES);
  const sampled = await readSorted({ ...input, columns }, { method: 'exact_ks_sampled_rest', ksError: 0, every });
  return withExactKs(sampled, await readKs({ ...input, columns }));
}

const sortedSchema = z.object({
  job: z.number(),
  key: z.number(),
  ks: z.number(),
  wasserstein: z.number().nullable(),
  energy_squared: z.number().nullable(),
  span: z.number().nullable(),
});
type Plan = { readonly method: Distances['method']; readonly ksError: number; readonly every?: number };

function valuesOf(input: DistanceInput, column: Column): number {
  const m = input.reference.get(column.id)?.n ?? 0;
  return input.current.reduce((sum, facts) => sum + m + (facts.columns.get(column.id)?.n ?? 0), 0);
}

/**
 * Computes the exact distances of one column between two sets of rows.
 *
 * @param input.where  Conditions on the reference's rows and on the current rows.
 */
export async function readSortedDistances(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly column: Column;
  readonly where: readonly [reference: string, current: string];
}): Promise<readonly SortedDistances[]> {
  const sql = sortedSql(input.frame.table, { ...input, index: 0, grid: false });
  const rows = z.array(sortedSchema).parse(await input.session.rows('sorted_distances', sql));
  return rows.map((row) => ({ ...row, energySquared: row.energy_squared }));
}

async function readSorted(input: DistanceInput, plan: Plan): Promise<ReadonlyMap<string, Map<number, Distances>>> {
  const found = new Map<string, Map<number, Distances>>(input.columns.map((column) => [column.id, new Map()]));
  for (let start = 0; start < input.columns.length; start += COLUMNS_PER_STATEMENT) {
    const columns = input.columns.slice(start, start + COLUMNS_PER_STATEMENT);
    const part = plan.every === undefined ? '' : ` AND cityHash64(_part, _part_offset) % ${plan.every} = 0`;
    const where = [`${input.where}${part}`, `${input.where}${part}`] as const;
    const grid = plan.method === 'reference_grid';
    const sql = columns
      .map((column, index) => sortedSql(input.frame.table, { column, index, where, grid }))
      .join('\nUNION ALL\n');
    for (const row of z.array(sortedSchema).parse(await input.session.rows('distances', sql))) {
      const column = columns[row.job];
      if (column === undefined) continue;
      found.get(column.id)?.set(row.key, {
        method: plan.method,
        ks: row.ks,
        ksError: plan.ksError,
        wasserstein: row.wasserstein,
        energySquared: row.energy_squared,
      });
    }
  }
  return found;
}

const COLUMNS_PER_STATEMENT = 32;

// One array of sortable integers holds both sides: the bits of a double, made monotone, with the side in the last bit.
// Values that differ in the last of their 53 bits only therefore count as ties.
function sortedSql(
  table: string,
  job: {
    readonly column: Column;
    readonly index: number;
    readonly where: readonly [reference: string, current: string];
    readonly grid: boolean;
  },
): string {
  const { column, index, where, grid } = job;
  const values = (side: 0 | 1): string =>
    `SELECT key, reinterpretAsUInt64(${column.id} + 0.) AS bits, bitOr(bitAnd(bitXor(bits, if(bits >= ${SIGN}, ${ONES}, ${SIGN})), ${EVEN}), toUInt64(${side})) AS code FROM ${table} WHERE side = ${side} AND NOT isNaN(${column.id}) AND ${where[side]}`;
  const reference = grid
    ? `SELECT arrayMap(i -> sorted[intDiv((2 * i + 1) * length(sorted), 2 * points) + 1], range(least(length(sorted), ${GRID_POINTS}) AS points)) AS codes FROM (SELECT arraySort(groupArray(code)) AS sorted FROM (${values(0)}))`
    : `SELECT groupArray(code) AS codes FROM (${values(0)})`;
  return `SELECT ${index} AS job, key,
  arrayMax(arrayMap((gap, code, next) -> if(bitShiftRight(code, 1) != bitShiftRight(next, 1), abs(gap), 0), gaps, codes, arrayPushBack(arrayPopFront(codes), ${ONES}))) / cells AS ks,
  arraySum((gap, x, y) -> abs(gap) * (y - x), gaps, xs, ys) / cells AS wasserstein,
  2 * arraySum((gap, x, y) -> pow(gap / cells, 2) * (y - x), gaps, xs, ys) AS energy_squared,
  xs[-1] - xs[1] AS span
FROM (
  SELECT key, toFloat64(m) * n AS cells, codes, arrayCumSum(code -> if(bitAnd(code, 1) = 0, toInt64(n), -toInt64(m)), codes) AS gaps,
    arrayMap(code -> reinterpretAsFloat64(bitXor(code, if(code >= ${SIGN}, ${SIGN}, ${ONES}))), codes) AS xs, arrayPushBack(arrayPopFront(xs), xs[-1]) AS ys
  FROM (
    SELECT r.key AS key, length(l.codes) AS m, length(r.codes) AS n, arraySort(arrayConcat(l.codes, r.codes)) AS codes
    FROM (${reference}) AS l CROSS JOIN (SELECT key, groupArray(code) AS codes FROM (${values(1)}) GROUP BY key) AS r
    WHERE length(l.codes) > 0))`;
}

const SIGN = 'toUInt64(9223372036854775808)';
const ONES = 'toUInt64(18446744073709551615)';
const EVEN = 'toUInt64(18446744073709551614)';

const ksSchema = z.object({ key: z.number(), ids: z.array(z.string()), ks: z.array(z.number()) });

/** Exact Kolmogorov-Smirnov distances by ClickHouse's own test, all columns of a window in one statement. */
async function readKs(input: DistanceInput): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const found = new Map<string, Map<number, number>>(input.columns.map((column) => [column.id, new Map()]));
  for (const facts of input.current) {
    // An empty side would make the whole statement fail.
    const columns = input.columns.filter((column) => (facts.columns.get(column.id)?.n ?? 0) > 0);
    if (columns.length === 0) continue;
    const tests = columns.map((column) => {
      const scale = scaleOf(input, facts, column);
      return `kolmogorovSmirnovTest('two-sided', 'asymp')(${column.id}${scale === 1 ? '' : ` * ${scale}`}, side).1`;
    });
    const ids = columns.map((column) => `'${column.id}'`).join(', ');
    const sql = `SELECT toInt32(${facts.key}) AS key, [${ids}] AS ids, [${tests.join(', ')}] AS ks FROM ${input.frame.table} WHERE (side = 0 OR key = ${facts.key}) AND ${input.where}`;
    const row = ksSchema.parse((await input.session.rows('ks', sql))[0]);
    for (const [index, id] of row.ids.entries()) {
      const cells = (input.reference.get(id)?.n ?? 0) * (facts.columns.get(id)?.n ?? 0);
      const raw = row.ks[index] ?? 0;
      // The distance is a multiple of 1 / (m n); rounding to it takes out the sum's rounding and the 2e-308 of equal sides.
      found.get(id)?.set(facts.key, cells < Number.MAX_SAFE_INTEGER ? Math.round(raw * cells) / cells : raw);
    }
  }
  return found;
}

// ClickHouse's test takes values closer than 1e-7 for equal. A large power of two in front keeps every double apart.
function scaleOf(input: DistanceInput, facts: Facts, column: Column): number {
  const own = facts.columns.get(column.id);
  const reference = input.reference.get(column.id);
  const largest = Math.max(...[own?.min, own?.max, reference?.min, reference?.max].map((value) => Math.abs(value ?? 0)));
  return largest === 0 ? 1 : 2 ** Math.min(1000, 990 - Math.ceil(Math.log2(largest)));
}

function withExactKs(
  sampled: ReadonlyMap<string, ReadonlyMap<number, Distances>>,
  exact: ReadonlyMap<string, ReadonlyMap<number, number>>,
): ReadonlyMap<string, ReadonlyMap<number, Distances>> {
  return new Map(
    [...exact].map(([id, windows]) => [
      id,
      new Map(
        [...windows].map(([key, ks]): [number, Distances] => {
          const rest = sampled.get(id)?.get(key);
          return [
            key,
            {
              method: 'exact_ks_sampled_rest',
              ks,
              ksError: 0,
              wasserstein: rest?.wasserstein ?? null,
              energySquared: rest?.energySquared ?? null,
            },
          ];
        }),
      ),
    ]),
  );
}
