import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import { TIME_NAMES } from '../../core/record-fields.ts';
import type { DriftSession, Settings } from './session.ts';
import {
  type Column,
  type Discovered,
  type Field,
  NOTHING_SKIPPED,
  RESERVED,
  type RowFilter,
  type RowSource,
} from './source.ts';
import { finiteOrNan, instantFromEpoch, instantFromText, quoteName, quoteText } from './sql-text.ts';

/** Returns a source over a table whose columns carry types: Parquet, Arrow, ORC, Avro or a table of the database. */
export function typedSource(table: { readonly label: string; readonly from: string }): RowSource {
  return { label: table.label, discover: (session, filter) => discover({ session, filter, table }) };
}

const SETTINGS: Settings = { enable_extended_results_for_datetime_functions: 1 };
const columnSchema = z.object({ name: z.string(), type: z.string(), is_subcolumn: z.number() });
const overviewSchema = z.object({ rows: z.number(), first_ms: z.number().nullable(), last_ms: z.number().nullable() });

/** A column of the table, with the expression that reads it. */
type Typed = { readonly name: string; readonly type: string; readonly value: string };

async function discover(options: {
  readonly session: DriftSession;
  readonly filter: RowFilter;
  readonly table: { readonly label: string; readonly from: string };
}): Promise<Discovered> {
  const { session, filter, table } = options;
  const described = z
    .array(columnSchema)
    .parse(await session.rows('columns', `DESCRIBE ${describable(table.from)}`, { describe_include_subcolumns: 1 }));
  const top: readonly Typed[] = described
    .filter((column) => column.is_subcolumn === 0)
    .map((column) => ({ name: column.name, type: plainType(column.type), value: quoteName(column.name) }));
  const nested = nestedFeatures(described);
  const ts = timeSql(top);
  const where = filterSql(filter, top);
  const bounds = `toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms`;
  const sql = `SELECT count() AS rows, ${bounds} FROM (SELECT ${ts} AS ts FROM ${table.from} WHERE ${where})`;
  const overview = overviewSchema.parse((await session.rows('overview', sql, SETTINGS))[0]);
  if (overview.rows === 0) throw new UsageError(`${table.label} has no rows to compare.`);
  const readable = [...top.filter((column) => !RESERVED.has(column.name)), ...nested];
  return {
    rows: overview.rows,
    firstMs: overview.first_ms,
    lastMs: overview.last_ms,
    fields: [...readable.flatMap((column) => toField(column, 'feature')), ...recordFields(top)],
    skipped: NOTHING_SKIPPED,
    select: (wanted) => {
      const columns = wanted.map((column) => `${columnSql(column, [...top, ...nested])} AS ${column.id}`);
      return `SELECT ${[`${ts} AS ts`, `${okSql(top)} AS ok`, ...columns].join(', ')} FROM ${table.from} WHERE ${where}`;
    },
    settings: SETTINGS,
  };
}

function describable(from: string): string {
  return from.startsWith('file(') ? `TABLE ${from}` : `(SELECT * FROM ${from})`;
}

// A `features` struct: its members are the features.
function nestedFeatures(described: readonly z.infer<typeof columnSchema>[]): readonly Typed[] {
  const struct = described.find((column) => column.name === 'features' && plainType(column.type).startsWith('Tuple('));
  if (struct === undefined) return [];
  return described
    .filter(
      (column) => column.is_subcolumn === 1 && /^features\.[^.]+$/.test(column.name) && !column.name.endsWith('.null'),
    )
    .map((column) => {
      const name = column.name.slice('features.'.length);
      return { name, type: plainType(column.type), value: `tupleElement("features", ${quoteText(name)})` };
    });
}

function recordFields(top: readonly Typed[]): readonly Field[] {
  return top.flatMap((column) => {
    if (column.name === 'score') return toField(column, 'score');
    if (column.name === 'prediction') return toField(column, 'prediction');
    return column.name === 'segment' ? toField({ ...column, type: 'String' }, 'segment') : [];
  });
}

function toField(column: Typed, role: Field['role']): readonly Field[] {
  if (isNumber(column.type)) return [{ name: column.name, role, storage: 'number' }];
  return isText(column.type) ? [{ name: column.name, role, storage: 'text' }] : [];
}

function columnSql(column: Column, readable: readonly Typed[]): string {
  const found = readable.find((candidate) => candidate.name === column.name);
  if (found === undefined) return column.storage === 'number' ? 'toFloat64(nan)' : "CAST(NULL, 'Nullable(String)')";
  if (column.storage === 'text')
    return `CAST(${found.type === 'Bool' ? `if(${found.value}, 'true', 'false')` : `toString(${found.value})`}, 'Nullable(String)')`;
  if (!isNumber(found.type)) return finiteOrNan(`toFloat64OrNull(toString(${found.value}))`);
  return finiteOrNan(found.type === 'Float64' ? found.value : `toFloat64(${found.value})`);
}

function okSql(top: readonly Typed[]): string {
  const status = top.find((column) => column.name === 'status');
  return status === undefined ? '1' : `ifNull(toString(${status.value}), 'ok') IN ('', 'ok')`;
}

function timeSql(top: readonly Typed[]): string {
  const column = TIME_NAMES.map((name) => top.find((candidate) => candidate.name === name)).find(
    (found) => found !== undefined,
  );
  if (column === undefined) return "CAST(NULL, 'Nullable(DateTime64(3, \\'UTC\\'))')";
  if (column.type.startsWith('Date'))
    return `CAST(toDateTime64(${column.value}, 3, 'UTC'), 'Nullable(DateTime64(3, \\'UTC\\'))')`;
  const instant = isNumber(column.type)
    ? instantFromEpoch(column.value)
    : instantFromText(`toString(ifNull(${column.value}, ''))`);
  return `CAST(${instant}, 'Nullable(DateTime64(3, \\'UTC\\'))')`;
}

function filterSql(filter: RowFilter, top: readonly Typed[]): string {
  const test = (name: string, wanted: string | undefined): readonly string[] => {
    if (wanted === undefined) return [];
    const column = top.find((candidate) => candidate.name === name);
    if (column === undefined) throw new UsageError(`There is no column ${name} to select ${wanted} by.`);
    return [`ifNull(toString(${column.value}) = ${quoteText(wanted)}, 0)`];
  };
  const tests = [...test('model', filter.model), ...test('version', filter.version)];
  return tests.length === 0 ? '1' : tests.join(' AND ');
}

function plainType(type: string): string {
  const inner = /^(?:Nullable|LowCardinality)\((.*)\)$/s.exec(type)?.[1];
  return inner === undefined ? type : plainType(inner);
}

function isNumber(type: string): boolean {
  return /^(U?Int\d+|Float\d+|BFloat16|Decimal.*)$/.test(type);
}

function isText(type: string): boolean {
  return /^(String|Bool|FixedString.*|Enum.*|UUID|IPv[46])$/.test(type);
}
