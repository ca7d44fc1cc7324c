import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import { TIME_NAMES } from '../../core/record-fields.ts';
import type { DriftSession, Settings } from './session.ts';
import { type Column, type Discovered, type Field, RESERVED, type RowFilter, type RowSource } from './source.ts';
import { finiteOrNan, instantFromText, quoteName, quoteText } from './sql-text.ts';

/** Where JSON texts come from, one a row in the column `line`. */
export interface JsonLines {
  readonly label: string;
  /** FROM clause that yields `line`. */
  readonly from: string;
  /** True when rows are lines of the file in order, so that they have line numbers. */
  readonly numbered: boolean;
}

/** Returns a source over JSON records: the contract's records with a `features` object, or flat objects. */
export function jsonSource(lines: JsonLines): RowSource {
  return { label: lines.label, discover: (session, filter) => discover({ session, filter, lines }) };
}

const SETTINGS: Settings = {
  // Text stays text, whatever it looks like.
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  enable_extended_results_for_datetime_functions: 1,
};
const IS_RECORD = "JSONType(line) = 'Object'";
const OUTER = [
  ...TIME_NAMES.map((name) => ({ name, type: 'Nullable(String)' })),
  { name: 'model', type: 'Nullable(String)' },
  { name: 'version', type: 'Nullable(String)' },
  { name: 'status', type: 'Nullable(String)' },
];

const overviewSchema = z.object({
  lines: z.number(),
  bad: z.number(),
  first_bad: z.number(),
  records: z.number(),
  nested: z.number(),
  first_ms: z.number().nullable(),
  last_ms: z.number().nullable(),
});
const keySchema = z.object({ place: z.string(), name: z.string(), numbers: z.number(), texts: z.number() });
type Key = z.infer<typeof keySchema>;

async function discover(options: {
  readonly session: DriftSession;
  readonly filter: RowFilter;
  readonly lines: JsonLines;
}): Promise<Discovered> {
  const { session, filter, lines } = options;
  const overview = await readOverview(options);
  if (overview.lines === 0) throw new UsageError(`${lines.label} is empty.`);
  if (overview.records === 0) {
    const why = overview.bad === overview.lines ? 'no line is a JSON object' : 'no row is of that model and version';
    throw new UsageError(`${lines.label} has no rows to compare: ${why}.`);
  }
  const nested = overview.nested > 0;
  const keys = await readKeys(session, { lines, nested, filter });
  const fields = toFields(keys, nested);
  return {
    rows: overview.records,
    firstMs: overview.first_ms,
    lastMs: overview.last_ms,
    fields,
    skipped: { count: overview.bad, firstLine: overview.bad > 0 ? overview.first_bad : undefined },
    select: (wanted) => selectSql({ wanted, lines, nested, filter }),
    settings: SETTINGS,
  };
}

async function readOverview(options: {
  readonly session: DriftSession;
  readonly filter: RowFilter;
  readonly lines: JsonLines;
}): Promise<z.infer<typeof overviewSchema>> {
  const { session, filter, lines } = options;
  const sql = `SELECT countIf(filled) AS lines, countIf(filled AND NOT valid) AS bad,
  minIf(number, filled AND NOT valid) AS first_bad, countIf(valid AND wanted) AS records,
  countIf(valid AND wanted AND has_features) AS nested,
  toUnixTimestamp64Milli(minIf(ts, valid AND wanted)) AS first_ms, toUnixTimestamp64Milli(maxIf(ts, valid AND wanted)) AS last_ms
FROM (
  SELECT number, trimBoth(line) != '' AS filled, ${IS_RECORD} AS valid, JSONType(line, 'features') = 'Object' AS has_features,
    JSONExtract(line, 'Tuple(${tupleType(OUTER)})') AS t, ${filterSql(filter)} AS wanted, ${timeSql()} AS ts
  FROM (SELECT rowNumberInAllBlocks() + 1 AS number, line FROM ${lines.from}))`;
  const settings = { ...SETTINGS, max_threads: 1, input_format_parallel_parsing: 0 };
  return overviewSchema.parse((await session.rows('overview', sql, lines.numbered ? settings : SETTINGS))[0]);
}

async function readKeys(
  session: DriftSession,
  input: { readonly lines: JsonLines; readonly nested: boolean; readonly filter: RowFilter },
): Promise<readonly Key[]> {
  const { lines, nested, filter } = input;
  const own = nested
    ? "JSONExtract(line, 'features', 'Map(String, Dynamic)')"
    : "JSONExtract(line, 'Map(String, Dynamic)')";
  const sql = `SELECT entry.1 AS place, entry.2 AS name, countIf(type IN ('Int64', 'UInt64', 'Float64')) AS numbers, countIf(type IN ('String', 'Bool')) AS texts
FROM (
  SELECT arrayJoin(arrayConcat(
    arrayMap((k, v) -> ('own', k, dynamicType(v)), mapKeys(own), mapValues(own)),
    arrayMap(k -> ('segment', k, 'String'), mapKeys(t.segments)),
    [('record', 'segment', if(t.segment IS NULL, 'None', 'String')), ('record', 'score', dynamicType(t.score)), ('record', 'prediction', dynamicType(t.prediction))])) AS entry,
    entry.3 AS type
  FROM (SELECT ${own} AS own, JSONExtract(line, 'Tuple(${tupleType(OUTER)}, segment Nullable(String), segments Map(String, String), score Dynamic, prediction Dynamic)') AS t
    FROM ${lines.from} WHERE ${IS_RECORD})
  WHERE ${filterSql(filter)})
GROUP BY place, name ORDER BY place, name`;
  return z.array(keySchema).parse(await session.rows('fields', sql, SETTINGS));
}

function toFields(keys: readonly Key[], nested: boolean): readonly Field[] {
  return keys.flatMap((key): readonly Field[] => {
    const storage = key.texts > 0 ? 'text' : 'number';
    if (key.place === 'segment') return [{ name: key.name, role: 'segment', storage: 'text' }];
    if (key.place === 'own')
      return nested || !RESERVED.has(key.name) ? [{ name: key.name, role: 'feature', storage }] : [];
    if (key.numbers + key.texts === 0) return [];
    if (key.name === 'segment') return [{ name: 'segment', role: 'segment', storage: 'text' }];
    return [{ name: key.name, role: key.name === 'score' ? 'score' : 'prediction', storage }];
  });
}

function selectSql(input: {
  readonly wanted: readonly Column[];
  readonly lines: JsonLines;
  readonly nested: boolean;
  readonly filter: RowFilter;
}): string {
  const { wanted, lines, nested, filter } = input;
  const features = wanted.filter((column) => column.role === 'feature');
  const segments = wanted.filter((column) => column.role === 'segment');
  const others = wanted.filter((column) => column.role === 'score' || column.role === 'prediction');
  const inner = [...OUTER, ...others.map((column) => ({ name: column.name, type: extractType(column) }))];
  const parts = [tupleType(inner)];
  if (segments.length > 0) parts.push('segment Nullable(String), segments Map(String, String)');
  const featureType = `Tuple(${tupleType(features.map((column) => ({ name: column.name, type: extractType(column) })))})`;
  const path = nested ? "line, 'features'" : 'line';
  const columns = wanted.map((column) => `${columnSql(column, features)} AS ${column.id}`);
  return `SELECT ${[`${timeSql()} AS ts`, "ifNull(t.status, 'ok') IN ('', 'ok') AS ok", ...columns].join(', ')}
FROM (SELECT JSONExtract(line, ${quoteText(`Tuple(${parts.join(', ')})`)}) AS t${features.length > 0 ? `, JSONExtract(${path}, ${quoteText(featureType)}) AS f` : ''}
  FROM ${lines.from} WHERE ${IS_RECORD})
WHERE ${filterSql(filter)}`;
}

function columnSql(column: Column, features: readonly Column[]): string {
  if (column.role === 'segment') {
    const key = quoteText(column.name);
    const named = `if(mapContains(t.segments, ${key}), t.segments[${key}], NULL)`;
    return column.name === 'segment' ? `coalesce(t.segment, ${named})` : named;
  }
  const value =
    column.role === 'feature'
      ? `tupleElement(f, ${features.indexOf(column) + 1})`
      : `tupleElement(t, ${quoteText(column.name)})`;
  return column.storage === 'number' ? finiteOrNan(value) : value;
}

function extractType(column: Column): string {
  return column.storage === 'number' ? 'Nullable(Float64)' : 'Nullable(String)';
}

function tupleType(elements: readonly { readonly name: string; readonly type: string }[]): string {
  return elements.map((element) => `${quoteName(element.name)} ${element.type}`).join(', ');
}

function filterSql(filter: RowFilter): string {
  const tests = [
    ...(filter.model === undefined ? [] : [`ifNull(t.model = ${quoteText(filter.model)}, 0)`]),
    ...(filter.version === undefined ? [] : [`ifNull(t.version, '0') = ${quoteText(filter.version)}`]),
  ];
  return tests.length === 0 ? '1' : tests.join(' AND ');
}

function timeSql(): string {
  const text = `coalesce(${TIME_NAMES.map((name) => `t.${name}`).join(', ')}, '')`;
  return instantFromText(text);
}
