import { z } from 'zod';
import type { Frame } from './frame.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';
import { quoteNumber } from './sql-text.ts';

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
  /** Standard deviation with divisor n; null when the range does not fit a double. */
  readonly sdPop: number | null;
  /** Null unless asked for. */
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
  where: string,
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

/**
 * Reads the spread and the few distinct values of each reference column, by column id.
 *
 * @param input.windows  Facts of the reference's windows.
 * @param input.skew     Reads skewness too.
 */
export async function readReferenceFacts(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly windows: readonly Facts[];
  readonly skew: boolean;
}): Promise<ReadonlyMap<string, ReferenceFacts>> {
  const { session, frame, windows, skew } = input;
  const ranges = frame.columns.map((column) => rangeOver(windows, column));
  const perColumn = frame.columns.map((column, index) => spreadSql(column, ranges[index], skew));
  const sql = `SELECT [${perColumn.join(',\n  ')}] AS facts FROM ${frame.table} WHERE side = 0`;
  const row = referenceSchema.parse((await session.rows('reference_facts', sql))[0]);
  return new Map(
    frame.columns.map((column, index) => {
      const range = ranges[index] ?? NO_RANGE;
      return [column.id, toReferenceFacts(range, row.facts[index])] as const;
    }),
  );
}

const NO_RANGE: ColumnFacts = { n: 0, min: null, max: null };
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
const columnSchema = z.tuple([nullableNumber, nullableNumber, z.array(z.number()), z.number()]);
const referenceSchema = z.object({ facts: z.array(columnSchema) });

function validSql(column: Column): string {
  return column.storage === 'number' ? `countIf(NOT isNaN(${column.id}))` : `count(${column.id})`;
}

// Both leave NaN out, and are NaN themselves when there is nothing else.
function rangeSql(edge: 'min' | 'max', column: Column): string {
  return column.storage === 'text' ? 'nan' : `${edge}(${column.id})`;
}

function rangeOver(windows: readonly Facts[], column: Column): ColumnFacts {
  return windows.reduce((all: ColumnFacts, { columns }) => {
    const own = columns.get(column.id) ?? NO_RANGE;
    return {
      n: all.n + own.n,
      min: least(all.min, own.min),
      max: negative(least(negative(all.max), negative(own.max))),
    };
  }, NO_RANGE);
}

function least(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}

function negative(value: number | null): number | null {
  return value === null ? null : -value;
}

// Moments are taken on [-1/2, 1/2], where neither a distant mean nor a huge value loses digits.
function spreadSql(column: Column, range: ColumnFacts | undefined, skew: boolean): string {
  const { id } = column;
  if (column.storage === 'text') return `(nan, nan, CAST([], 'Array(Float64)'), uniqCombined(${id}))`;
  const given = `NOT isNaN(${id})`;
  const listed = `groupUniqArrayIf(${MAX_LISTED_VALUES + 1})(${id}, ${given}), toUInt64(0)`;
  const span = spanOf(range);
  if (span === null || span === 0) return `(toFloat64(0), nan, ${listed})`;
  const unit = `(${id} - ${quoteNumber((range?.min ?? 0) + span / 2)}) / ${quoteNumber(span)}`;
  return `(varPopIf(${unit}, ${given}), ${skew ? `skewPopIf(${unit}, ${given})` : 'nan'}, ${listed})`;
}

function spanOf(range: ColumnFacts | undefined): number | null {
  const { min, max } = range ?? NO_RANGE;
  if (min === null || max === null) return null;
  return Number.isFinite(max - min) ? max - min : null;
}

function toReferenceFacts(range: ColumnFacts, row: z.infer<typeof columnSchema> | undefined): ReferenceFacts {
  const [variance, skew, values, distinct] = row ?? [null, null, [], 0];
  const span = spanOf(range);
  return {
    ...range,
    sdPop: span !== null && variance !== null ? Math.sqrt(variance) * span : null,
    skew,
    values: values.length > 0 && values.length <= MAX_LISTED_VALUES ? values.toSorted((a, b) => a - b) : undefined,
    distinct,
  };
}
