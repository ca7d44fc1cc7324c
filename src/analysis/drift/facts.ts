import { z } from 'zod';
import type { Frame } from './frame.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';

/** Rows of one side in one window, and what each column holds there. */
export interface Facts {
  readonly key: number;
  readonly rows: number;
  /** Rows whose request succeeded: the ones that owe a prediction. */
  readonly okRows: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** By column id. */
  readonly columns: ReadonlyMap<string, ColumnFacts>;
}

export interface ColumnFacts {
  /** Rows with a value. */
  readonly n: number;
  /** Null for text and without values. */
  readonly min: number | null;
  readonly max: number | null;
}

/** What the whole reference holds in one column. */
export interface ReferenceFacts {
  readonly n: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Standard deviation with divisor n. */
  readonly sdPop: number | null;
  readonly skew: number | null;
  /** The distinct values in order when there are at most 50; undefined when there are more, and for text. */
  readonly values: readonly number[] | undefined;
  /** Number of distinct values, approximate above some thousands; of a text column only. */
  readonly distinct: number;
}

/** At most this many distinct numbers are listed. */
export const MAX_LISTED_VALUES = 50;

/** Reads rows, times, valid counts and ranges of each side and window, in time order. */
export async function readFacts(
  session: DriftSession,
  frame: Frame,
  where = '1',
): Promise<{ readonly reference: readonly Facts[]; readonly current: readonly Facts[] }> {
  const sql = `SELECT side, key, count() AS rows, countIf(ok) AS ok_rows, toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms,
  [${frame.columns.map(validSql).join(', ')}] AS valid,
  [${frame.columns.map((column) => rangeSql('min', column)).join(', ')}] AS low, [${frame.columns.map((column) => rangeSql('max', column)).join(', ')}] AS high
FROM ${frame.table} WHERE ${where} GROUP BY side, key ORDER BY side, key`;
  const rows = z.array(factsSchema).parse(await session.rows('facts', sql));
  const toFacts = (row: z.infer<typeof factsSchema>): Facts => ({
    key: row.key,
    rows: row.rows,
    okRows: row.ok_rows,
    firstMs: row.first_ms,
    lastMs: row.last_ms,
    columns: new Map(
      frame.columns.map((column, index) => [
        column.id,
        { n: row.valid[index] ?? 0, min: row.low[index] ?? null, max: row.high[index] ?? null },
      ]),
    ),
  });
  return {
    reference: rows.filter((row) => row.side === 0).map(toFacts),
    current: rows.filter((row) => row.side === 1).map(toFacts),
  };
}

/** Reads the moments and the few distinct values of each reference column, by column id. */
export async function readReferenceFacts(
  session: DriftSession,
  frame: Frame,
  where = '1',
): Promise<ReadonlyMap<string, ReferenceFacts>> {
  const perColumn = frame.columns.map((column) => {
    if (column.storage === 'text') {
      return `(toUInt64(count(${column.id})), nan, nan, nan, nan, nan, CAST([], 'Array(Float64)'), uniqCombined(${column.id}))`;
    }
    const given = `NOT isNaN(${column.id})`;
    // Shifted and scaled by nothing: varPopStable keeps its digits far from zero.
    return `(countIf(${given}), minIf(${column.id}, ${given}), maxIf(${column.id}, ${given}), avgIf(${column.id}, ${given}), varPopStableIf(${column.id}, ${given}), skewPopIf(${column.id}, ${given}), groupUniqArrayIf(${MAX_LISTED_VALUES + 1})(${column.id}, ${given}), toUInt64(0))`;
  });
  const sql = `SELECT [${perColumn.join(',\n  ')}] AS facts FROM ${frame.table} WHERE side = 0 AND ${where}`;
  const row = referenceSchema.parse((await session.rows('reference_facts', sql))[0]);
  return new Map(
    frame.columns.map((column, index) => [column.id, toReferenceFacts(row.facts[index])] as const),
  );
}

const nullableNumber = z.number().nullable();
const factsSchema = z.object({
  side: z.number(),
  key: z.number(),
  rows: z.number(),
  ok_rows: z.number(),
  first_ms: nullableNumber,
  last_ms: nullableNumber,
  valid: z.array(z.number()),
  low: z.array(nullableNumber),
  high: z.array(nullableNumber),
});
const columnSchema = z.tuple([
  z.number(),
  nullableNumber,
  nullableNumber,
  nullableNumber,
  nullableNumber,
  nullableNumber,
  z.array(z.number()),
  z.number(),
]);
const referenceSchema = z.object({ facts: z.array(columnSchema) });

function validSql(column: Column): string {
  return column.storage === 'number' ? `countIf(NOT isNaN(${column.id}))` : `count(${column.id})`;
}

function rangeSql(edge: 'min' | 'max', column: Column): string {
  if (column.storage === 'text') return 'nan';
  return `if(countIf(NOT isNaN(${column.id})) > 0, ${edge}If(${column.id}, NOT isNaN(${column.id})), nan)`;
}

function toReferenceFacts(row: z.infer<typeof columnSchema> | undefined): ReferenceFacts {
  const [n, min, max, mean, variance, skew, values, distinct] = row ?? [0, null, null, null, null, null, [], 0];
  const some = n > 0;
  return {
    n,
    min: some ? min : null,
    max: some ? max : null,
    mean: some ? mean : null,
    sdPop: some && variance !== null ? Math.sqrt(variance) : null,
    skew: some ? skew : null,
    values: some && values.length > 0 && values.length <= MAX_LISTED_VALUES ? values.toSorted((a, b) => a - b) : undefined,
    distinct,
  };
}
