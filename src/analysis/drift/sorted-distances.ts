import { z } from 'zod';
import { codeSql, gapSql, gapsSql, valueOfCodeSql } from './code-sql.ts';
import type { Frame } from './frame.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';

/** Distances of one column's values in one window, straight from the sorted pooled values. */
export interface SortedDistances {
  readonly column: Column;
  readonly key: number;
  readonly ks: number;
  readonly wasserstein: number | null;
  readonly energySquared: number | null;
  /** Largest minus smallest of the pooled values. */
  readonly span: number | null;
}

/** Points that stand for the reference on a grid; its distribution function is then off by at most half of their inverse. */
export const GRID_POINTS = 10_000;

/**
 * Computes the exact distances of columns of numbers between the reference and each window of the current side.
 *
 * @param input.where  Conditions on the reference's rows and on the current rows.
 * @param input.grid   Lets 10,000 quantiles stand for the reference.
 */
export async function readSortedDistances(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly columns: readonly Column[];
  readonly where: readonly [reference: string, current: string];
  readonly grid?: boolean;
}): Promise<readonly SortedDistances[]> {
  const found: SortedDistances[] = [];
  // The parts of a UNION run side by side; a whole large reference is sorted alone.
  const step = input.grid === true ? 1 : COLUMNS_PER_STATEMENT;
  for (let start = 0; start < input.columns.length; start += step) {
    const columns = input.columns.slice(start, start + step);
    const sql = columns.map((column, index) => sortedSql({ ...input, column, index })).join('\nUNION ALL\n');
    for (const row of z.array(rowSchema).parse(await input.session.rows('distances', sql))) {
      const column = columns[row.job];
      if (column !== undefined) found.push({ ...row, column, energySquared: row.energy_squared });
    }
  }
  return found;
}

const COLUMNS_PER_STATEMENT = 32;

const rowSchema = z.object({
  job: z.number(),
  key: z.number(),
  ks: z.number(),
  wasserstein: z.number().nullable(),
  energy_squared: z.number().nullable(),
  span: z.number().nullable(),
});

// The i-th of L sorted values, counted from 1, is kept when it is the (j + 1/2) / P quantile for some j: when an odd number
// lies in [2 P (i - 1) / L, 2 P i / L). A filter, because a lambda that indexed the array would copy it for every point.
const odds = (i: string): string => `intDiv(intDiv(2 * points * ${i} + rows - 1, rows), 2)`;
const ON_GRID = `${odds('i')} > ${odds('(i - 1)')}`;

function sortedSql(input: {
  readonly frame: Frame;
  readonly column: Column;
  readonly index: number;
  readonly where: readonly [reference: string, current: string];
  readonly grid?: boolean;
}): string {
  const { frame, column, index, where } = input;
  const codes = (side: 0 | 1): string => `groupArray(${codeSql(column.id, String(side))})`;
  const rows = (side: 0 | 1): string =>
    `FROM ${frame.table} WHERE side = ${side} AND NOT isNaN(${column.id}) AND ${where[side]}`;
  const reference =
    input.grid === true
      ? `SELECT arrayFilter((code, i) -> ${ON_GRID}, sorted, arrayEnumerate(sorted)) AS codes FROM (SELECT arraySort(${codes(0)}) AS sorted, toUInt64(length(sorted)) AS rows, least(rows, ${GRID_POINTS}) AS points ${rows(0)})`
      : `SELECT ${codes(0)} AS codes ${rows(0)}`;
  return `SELECT ${index} AS job, key, ${gapSql({ codes: 'codes', base: '0', m: 'm', n: 'n' })} / cells AS ks,
  arraySum((gap, x, y) -> abs(gap) * (y - x), gaps, xs, ys) / cells AS wasserstein,
  2 * arraySum((gap, x, y) -> pow(gap / cells, 2) * (y - x), gaps, xs, ys) AS energy_squared,
  xs[-1] - xs[1] AS span
FROM (
  SELECT key, m, n, toFloat64(m) * n AS cells, codes, ${gapsSql({ codes: 'codes', m: 'm', n: 'n' })} AS gaps,
    arrayMap(code -> ${valueOfCodeSql('code')}, codes) AS xs, arrayPushBack(arrayPopFront(xs), xs[-1]) AS ys
  FROM (
    SELECT r.key AS key, length(l.codes) AS m, length(r.codes) AS n, arraySort(arrayConcat(l.codes, r.codes)) AS codes
    FROM (${reference}) AS l CROSS JOIN (SELECT key, ${codes(1)} AS codes ${rows(1)} GROUP BY key) AS r
    WHERE length(l.codes) > 0))`;
}
