import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import type { DriftSession, Settings } from './session.ts';
import { type Column, type Discovered, type Field, NOTHING_SKIPPED, type RowFilter, type RowSource } from './source.ts';
import { finiteOrNan, quoteText } from './sql-text.ts';

/** Predictions of one model in the store, from `fromMs` up to but without `toMs`. */
export interface StoredRange {
  readonly model: string;
  readonly version?: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Returns a source over the store's own predictions. */
export function storedSource(range: StoredRange): RowSource {
  const label = `${range.model} ${new Date(range.fromMs).toISOString()} .. ${new Date(range.toMs).toISOString()}`;
  return { label, discover: (session, filter) => discover({ session, filter, range, label }) };
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
  readonly range: StoredRange;
  readonly label: string;
}): Promise<Discovered> {
  const { session, range, label } = options;
  const where = whereSql(range, options.filter);
  const bounds = 'toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms';
  const overviewSql = `SELECT count() AS rows, ${bounds}, countIf(isFinite(score)) AS scores, countIf(isFinite(prediction_number)) AS numbers, countIf(prediction_class != '') AS classes FROM predictions WHERE ${where}`;
  const overview = overviewSchema.parse((await session.rows('overview', overviewSql))[0]);
  if (overview.rows === 0) throw new UsageError(`There are no predictions of ${label}.`);
  const keysSql = `SELECT entry.1 AS name, entry.2 AS place FROM (
  SELECT arrayJoin(arrayConcat(arrayMap(k -> (toString(k), 'number'), mapKeys(numbers)), arrayMap(k -> (toString(k), 'text'), mapKeys(categories)), arrayMap(k -> (toString(k), 'segment'), mapKeys(segments)))) AS entry FROM predictions WHERE ${where})
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
      return `SELECT ${["CAST(ts, 'Nullable(DateTime64(3, \\'UTC\\'))') AS ts", "status = 'ok' AS ok", ...columns].join(', ')} FROM predictions WHERE ${where}`;
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

function whereSql(range: StoredRange, filter: RowFilter): string {
  const version = filter.version ?? range.version;
  return [
    `model = ${quoteText(range.model)}`,
    ...(version === undefined ? [] : [`version = ${quoteText(version)}`]),
    `ts >= fromUnixTimestamp64Milli(toInt64(${range.fromMs}), 'UTC')`,
    `ts < fromUnixTimestamp64Milli(toInt64(${range.toMs}), 'UTC')`,
  ].join(' AND ');
}
