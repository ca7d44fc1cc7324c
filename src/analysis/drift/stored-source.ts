import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import type { DriftSession, Settings } from './session.ts';
import { type Column, type Discovered, type Field, NOTHING_SKIPPED, type RowFilter, type RowSource } from './source.ts';
import { finiteOrNan, quoteText } from './sql-text.ts';

/** A half-open range of time in epoch milliseconds. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Rows in the store: predictions of a model in some ranges of time, or all rows that a reference has from a file. */
export type StoredRows =
  | { readonly model: string; readonly version?: string | undefined; readonly spans: readonly TimeSpan[] }
  | { readonly file: { readonly source: string; readonly name: string } };

/** Returns a source over the store's own predictions. */
export function storedSource(stored: StoredRows): RowSource {
  const label = labelOf(stored);
  return { label, discover: (session, filter) => discover({ session, filter, stored, label }) };
}

const SETTINGS: Settings = { enable_extended_results_for_datetime_functions: 1 };
const overviewSchema = z.object({
  rows: z.number(),
  first_ms: z.number().nullable(),
  last_ms: z.number().nullable(),
  scores: z.number(),
  numbers: z.number(),
  classes: z.number(),
});
const keySchema = z.object({ name: z.string(), place: z.string() });

async function discover(options: {
  readonly session: DriftSession;
  readonly filter: RowFilter;
  readonly stored: StoredRows;
  readonly label: string;
}): Promise<Discovered> {
  const { session, stored, label } = options;
  const where = whereSql(stored, options.filter);
  const table = 'file' in stored ? 'reference_rows' : 'predictions';
  const timed = "nullIf(ts, toDateTime64(0, 3, 'UTC'))";
  const bounds = `toUnixTimestamp64Milli(min(${timed})) AS first_ms, toUnixTimestamp64Milli(max(${timed})) AS last_ms`;
  const overviewSql = `SELECT count() AS rows, ${bounds}, countIf(isFinite(score)) AS scores, countIf(isFinite(prediction_number)) AS numbers, countIf(prediction_class != '') AS classes FROM ${table} WHERE ${where}`;
  const overview = overviewSchema.parse((await session.rows('overview', overviewSql))[0]);
  if (overview.rows === 0) throw new UsageError(`There are no predictions of ${label}.`);
  const keysSql = `SELECT entry.1 AS name, entry.2 AS place FROM (
  SELECT arrayJoin(arrayConcat(arrayMap(k -> (toString(k), 'number'), mapKeys(numbers)), arrayMap(k -> (toString(k), 'text'), mapKeys(categories)), arrayMap(k -> (toString(k), 'segment'), mapKeys(segments)))) AS entry FROM ${table} WHERE ${where})
GROUP BY name, place ORDER BY name, place`;
  const keys = z.array(keySchema).parse(await session.rows('fields', keysSql));
  return {
    rows: overview.rows,
    firstMs: overview.first_ms,
    lastMs: overview.last_ms,
    fields: [...featureFields(keys), ...outputFields(overview)],
    skipped: NOTHING_SKIPPED,
    select: (wanted) => {
      const columns = wanted.map((column) => `${columnSql(column)} AS ${column.id}`);
      return `SELECT ${[`CAST(nullIf(ts, toDateTime64(0, 3, 'UTC')), 'Nullable(DateTime64(3, \\'UTC\\'))') AS ts`, "status = 'ok' AS ok", ...columns].join(', ')} FROM ${table} WHERE ${where}`;
    },
    settings: SETTINGS,
  };
}

function featureFields(keys: readonly z.infer<typeof keySchema>[]): readonly Field[] {
  const texts = new Set(keys.filter((key) => key.place === 'text').map((key) => key.name));
  const names = [...new Set(keys.filter((key) => key.place !== 'segment').map((key) => key.name))];
  return [
    ...names.map((name): Field => ({ name, role: 'feature', storage: texts.has(name) ? 'text' : 'number' })),
    ...keys
      .filter((key) => key.place === 'segment')
      .map((key): Field => ({ name: key.name, role: 'segment', storage: 'text' })),
  ];
}

function outputFields(overview: z.infer<typeof overviewSchema>): readonly Field[] {
  const prediction: readonly Field[] =
    overview.numbers + overview.classes === 0
      ? []
      : [{ name: 'prediction', role: 'prediction', storage: overview.classes > 0 ? 'text' : 'number' }];
  return overview.scores === 0 ? prediction : [{ name: 'score', role: 'score', storage: 'number' }, ...prediction];
}

function columnSql({ name, role, storage }: Column): string {
  const key = quoteText(name);
  if (role === 'segment') return `if(mapContains(segments, ${key}), toString(segments[${key}]), NULL)`;
  if (role === 'score') return finiteOrNan('score');
  const number = role === 'prediction' ? 'prediction_number' : `if(mapContains(numbers, ${key}), numbers[${key}], nan)`;
  if (storage === 'number') return finiteOrNan(number);
  const text =
    role === 'prediction'
      ? "nullIf(toString(prediction_class), '')"
      : `if(mapContains(categories, ${key}), categories[${key}], NULL)`;
  return `coalesce(${text}, if(isFinite(${number}), toString(${number}), NULL))`;
}

function whereSql(stored: StoredRows, filter: RowFilter): string {
  if ('file' in stored) return `model = ${quoteText(stored.file.source)}`;
  const version = filter.version ?? stored.version;
  const spans = stored.spans.map(({ fromMs, toMs }) => `(ts >= ${instantSql(fromMs)} AND ts < ${instantSql(toMs)})`);
  return [
    `model = ${quoteText(stored.model)}`,
    ...(version === undefined ? [] : [`version = ${quoteText(version)}`]),
    `(${spans.join(' OR ')})`,
  ].join(' AND ');
}

function instantSql(ms: number): string {
  return `fromUnixTimestamp64Milli(toInt64(${ms}), 'UTC')`;
}

function labelOf(stored: StoredRows): string {
  if ('file' in stored) return stored.file.name;
  const day = (ms: number): string => new Date(ms).toISOString();
  return `${stored.model} ${stored.spans.map(({ fromMs, toMs }) => `${day(fromMs)} .. ${day(toMs)}`).join(', ')}`;
}
