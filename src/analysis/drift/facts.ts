import { z } from 'zod';
import type { Frame } from './frame.ts';
import type { DriftSession } from './session.ts';
import type { Column } from './source.ts';
import { quoteNumber } from './sql-text.ts';
import { NO_TIME, type WindowUnit } from './windows.ts';

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
  /** Null for text, without values and where not asked for. */
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

/** What a frame holds: rows by window, in time order, and the ranges of the whole reference. */
export interface FrameFacts {
  /** Without ranges where the reference has windows. */
  readonly reference: readonly Facts[];
  readonly current: readonly Facts[];
  /** By column id. */
  readonly ranges: ReadonlyMap<string, ColumnFacts>;
}

/** Reads rows, times, valid counts and ranges of both sides. */
export async function readFacts(session: DriftSession, frame: Frame, where: string): Promise<FrameFacts> {
  const parts = [
    factsSql({ frame, where, side: 0, unit: frame.referenceUnit }),
    ...(frame.referenceUnit === 'all' ? [] : [rangesSql(frame, where)]),
    factsSql({ frame, where, side: 1, unit: frame.unit }),
  ];
  const rows = z.array(factsSchema).parse(await session.rows('facts', parts.join('\nUNION ALL\n')));
  const toFacts = (side: number): readonly Facts[] =>
    rows
      .flatMap((row) => (row.part === side && row.start !== null && row.rows > 0 ? [{ ...row, key: row.start }] : []))
      .map((row) => ({
        key: row.key,
        rows: row.rows,
        okRows: row.ok_rows,
        firstMs: row.first_ms,
        lastMs: row.last_ms,
        columns: columnsOf(frame, row),
      }))
      .sort((a, b) => a.key - b.key);
  const reference = toFacts(0);
  const whole = rows.find((row) => row.part === 0 && (row.start === null || frame.referenceUnit === 'all'));
  return { reference, current: toFacts(1), ranges: whole === undefined ? new Map() : columnsOf(frame, whole) };
}

/**
 * Reads the spread and the few distinct values of each reference column, by column id.
 *
 * @param input.ranges  Ranges of the whole reference.
 * @param input.skew    Reads skewness too.
 */
export async function readReferenceFacts(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly ranges: FrameFacts['ranges'];
  readonly skew: boolean;
}): Promise<ReadonlyMap<string, ReferenceFacts>> {
  const { session, frame, skew } = input;
  const ranges = frame.columns.map((column) => input.ranges.get(column.id));
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
  part: z.number(),
  start: z.number().nullable(),
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

// No column is named as one of the table: such a name would stand for it in the condition too.
// Ranges cost three times as much by group, and only the current windows need them so.
function factsSql(input: {
  readonly frame: Frame;
  readonly where: string;
  readonly side: 0 | 1;
  readonly unit: WindowUnit;
}): string {
  const { frame, where, side, unit } = input;
  const { columns, table } = frame;
  const ranged = side === 1 || unit === 'all';
  const [key, group] = unit === 'all' ? [NO_TIME, ''] : ['key', ' GROUP BY key'];
  return `SELECT ${side} AS part, toNullable(toInt32(${key})) AS start, count() AS rows, countIf(ok) AS ok_rows, toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms,
  ${listSql(columns.map(validSql), 'UInt64')} AS valid, ${ranged ? edgesSql(columns) : NO_EDGES} FROM ${table} WHERE side = ${side} AND ${where}${group}`;
}

function rangesSql({ columns, table }: Frame, where: string): string {
  return `SELECT 0 AS part, NULL AS start, count() AS rows, 0 AS ok_rows, NULL AS first_ms, NULL AS last_ms,
  ${listSql(columns.map(validSql), 'UInt64')} AS valid, ${edgesSql(columns)} FROM ${table} WHERE side = 0 AND ${where}`;
}

const NO_EDGES = "CAST([], 'Array(Float64)') AS low, CAST([], 'Array(Float64)') AS high";

function edgesSql(columns: readonly Column[]): string {
  const list = (edge: 'min' | 'max'): string =>
    listSql(
      columns.map((column) => rangeSql(edge, column)),
      'Float64',
    );
  return `${list('min')} AS low, ${list('max')} AS high`;
}

function listSql(items: readonly string[], type: string): string {
  return `CAST([${items.join(', ')}], 'Array(${type})')`;
}

function columnsOf(frame: Frame, row: z.infer<typeof factsSchema>): ReadonlyMap<string, ColumnFacts> {
  return new Map(
    frame.columns.map((column, index) => [
      column.id,
      { n: row.valid[index] ?? 0, min: row.low[index] ?? null, max: row.high[index] ?? null },
    ]),
  );
}

function validSql(column: Column): string {
  return column.storage === 'number' ? `countIf(NOT isNaN(${column.id}))` : `count(${column.id})`;
}

// Both leave NaN out, and are NaN themselves when there is nothing else.
function rangeSql(edge: 'min' | 'max', column: Column): string {
  return column.storage === 'text' ? 'nan' : `${edge}(${column.id})`;
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
