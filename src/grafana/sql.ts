import { findSignal } from '../signals/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { SignalCombine, SignalDefinition, SignalScope } from '../signals/signal-definition.ts';
import { BUCKET_TIME, IS_LONG } from './time-range-sql.ts';

/** The database that Grafana reads. One place, because every query names its tables in full. */
const DATABASE = 'plumbline';

export type TableName =
  | 'signals'
  | 'signals_by_day'
  | 'signals_per_hour'
  | 'service_per_minute'
  | 'change_events'
  | 'alert_history'
  | 'alert_states'
  | 'avoided_alarms'
  | 'business_metrics'
  | 'dead_letters'
  | 'drift_results'
  | 'feature_grids'
  | 'feature_histogram'
  | 'gpu_samples'
  | 'ingest_receipts'
  | 'labels'
  | 'outbox'
  | 'page_acknowledgements'
  | 'reference_profiles'
  | 'serving_samples'
  | 'silences'
  | 'service_per_hour'
  | 'service_per_day';

/** Returns the full name of a table. */
export function table(name: TableName): string {
  return `${DATABASE}.${name}`;
}

/** Returns a dashboard variable as Grafana's placeholder, `format` as in `${name:format}`. */
export function variable(name: string, format?: string): string {
  return `\${${name}${format === undefined ? '' : `:${format}`}}`;
}

/** Rows of the chosen model. */
export const MODEL_FILTER = `model = ${variable('model', 'singlequote')}`;

/** Rows of the chosen versions; all of them when the variable says All. */
export const VERSION_FILTER = `$__conditionalAll(version IN (${variable('version', 'singlequote')}), $version)`;

/** Rows of the chosen models; all of them when the variable says All. */
export const MODELS_FILTER = `$__conditionalAll(model IN (${variable('model', 'singlequote')}), $model)`;

/** Rows of the chosen GPUs; all of them when the variable says All. */
export const GPU_FILTER = `$__conditionalAll(gpu IN (${variable('gpu', 'singlequote')}), $gpu)`;

/** What the segment variable says for all traffic; a segment has a '='. */
export const ALL_TRAFFIC = 'all';

/** Rows of the chosen segment. */
export const SEGMENT_FILTER = `segment = if(${variable('segment', 'singlequote')} = '${ALL_TRAFFIC}', '', ${variable('segment', 'singlequote')})`;

/** The bucket that a row of `signalRows` lies in, as the column time. */
export const SIGNAL_TIME = BUCKET_TIME;

/** Value of a bucket of rows of `signalRows` that were asked for with the same `combine`. */
export const COMBINED = {
  avg: 'sum(value * n) / sum(n)',
  max: 'max(value)',
  last: 'argMax(value, t)',
} as const satisfies Readonly<Record<SignalCombine, string>>;

const HOURLY_COLUMN = { avg: 'mean', max: 'most', last: 'newest' } as const satisfies Readonly<
  Record<SignalCombine, string>
>;

/**
 * Returns a subquery of signals in the time range: t, value, n (minutes that the value stands for) and `columns`. Minutes
 * of a short range; hours of a long one, with the minutes since the last hour that was rolled up.
 *
 * @param options.of       `model` reads one model over time, `fleet` all models at one time
 * @param options.filter   condition on signal, model, version, feature, segment and gpu
 * @param options.combine  how hours stand for their minutes
 */
export function signalRows(options: {
  readonly of: 'model' | 'fleet';
  readonly filter: string;
  readonly columns?: readonly string[];
  readonly combine: SignalCombine;
}): string {
  const { of, filter, columns = [], combine } = options;
  const more = columns.map((column) => `, ${column}`).join('');
  const minutes = (is: string): string =>
    `SELECT t, value, 1 AS n${more} FROM ${table(of === 'model' ? 'signals' : 'signals_by_day')} FINAL WHERE ${is} AND $__timeFilter(t) AND ${filter} AND state = 'ok'`;
  const hours = table('signals_per_hour');
  return [
    `(${minutes(`NOT (${IS_LONG})`)}`,
    `UNION ALL SELECT t, ${HOURLY_COLUMN[combine]} AS value, n${more} FROM ${hours} FINAL WHERE ${IS_LONG} AND t >= toStartOfHour($__fromTime) AND t <= $__toTime AND ${filter} AND n > 0`,
    `UNION ALL ${minutes(`${IS_LONG} AND t >= (SELECT max(t) FROM ${hours}) + 3600`)})`,
  ].join('\n');
}

/**
 * Returns SQL for the model-level series of a signal: columns `time` and one named after `title`.
 *
 * @throws E_DASHBOARD  when the catalogue has no such signal
 */
export function signalSeriesSql(signal: string, title: string): string {
  const { combine } = definitionOf(signal);
  const filter = `${MODEL_FILTER} AND signal = '${signal}' AND version = '' AND feature = '' AND segment = '' AND gpu = ''`;
  return [
    `SELECT ${SIGNAL_TIME}, ${COMBINED[combine]} AS "${title}"`,
    `FROM ${signalRows({ of: 'model', filter, combine })}`,
    'GROUP BY time ORDER BY time',
  ].join('\n');
}

/** A level of signals below the model. */
export type LowerScope = Exclude<SignalScope, 'model'>;

/** Most series in one picture: more lines could not be read. */
export const TOP_SERIES = 20;

/**
 * Returns SQL for the highest series of a signal per model, version, feature, segment or GPU: columns `time`, `series`,
 * `Value`.
 *
 * @throws E_DASHBOARD  when the catalogue has no such signal
 */
export function signalByScopeSql(options: {
  readonly signal: string;
  readonly of: 'model' | 'fleet';
  readonly filter: string;
  readonly scope?: SignalScope;
  /** SQL of the name of a series. */
  readonly series: string;
}): string {
  const { signal, of, series, scope = 'model' } = options;
  const { combine } = definitionOf(signal);
  const filter = `${options.filter} AND signal = '${signal}' AND ${scopeFilter(scope)}`;
  const by = LEVELS_OF_SERIES.find((level) => level === series);
  const rows = signalRows({ of, filter, columns: by === undefined ? [] : [by], combine });
  return [
    `SELECT ${SIGNAL_TIME}, ${series} AS series, ${COMBINED[combine]} AS Value`,
    `FROM ${by === undefined ? rows : topRows({ rows, by, most: TOP_SERIES })}`,
    'GROUP BY time, series ORDER BY time, series',
  ].join('\n');
}

/**
 * Returns a subquery of those rows of `signalRows` whose model, version, feature, segment or GPU has the highest mean
 * value; every other row is dropped before time buckets are made, which costs the most.
 *
 * @param options.columns  those of the rows that are needed beside t, value, n and `by`
 */
export function topRows(options: {
  readonly rows: string;
  readonly by: SignalScope;
  readonly columns?: readonly string[];
  readonly most: number;
}): string {
  const { rows, by, columns = [], most } = options;
  const names = ['t', 'value', 'n', ...columns];
  return [
    `(SELECT ${by}, ${names.map((name, index) => `point.${index + 1} AS ${name}`).join(', ')} FROM (`,
    `SELECT ${by}, groupArray((${names.join(', ')})) AS points FROM ${rows}`,
    `GROUP BY ${by} ORDER BY avg(value) DESC, ${by} LIMIT ${most}) ARRAY JOIN points AS point)`,
  ].join('\n');
}

/** Returns the condition that rows are of a scope: every level below the model is empty but that one. */
export function scopeFilter(scope: SignalScope): string {
  return LEVELS.map((level) => `${level} ${level === scope ? '!=' : '='} ''`).join(' AND ');
}

/** Where the newest values of signals are: Plumbline concludes a minute within half a minute of its end. */
export const NEWEST = "t > $__toTime - INTERVAL 15 MINUTE AND t <= $__toTime AND state = 'ok'";

/**
 * Returns SQL for the newest value of a signal, as an aggregate over rows of several signals; null without one.
 *
 * @throws E_DASHBOARD  when the catalogue has no such signal
 */
export function newest(signal: string): string {
  if (findSignal(signal) === undefined) throw unknownSignal(signal);
  return `argMaxOrNullIf(value, t, signal = '${signal}')`;
}

/** Returns names as a list of SQL texts. */
export function sqlList(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/**
 * Returns the Grafana unit that signals shown on one axis share.
 *
 * @throws E_DASHBOARD  when a signal is unknown or the units differ
 */
export function sharedUnit(...signals: readonly string[]): string {
  const units = new Set(
    signals.map((signal) => {
      const definition = findSignal(signal);
      if (definition === undefined) throw unknownSignal(signal);
      return definition.grafanaUnit;
    }),
  );
  const [unit, other] = [...units];
  if (unit === undefined || other !== undefined) {
    throw new AppError('E_DASHBOARD', `Signals ${signals.join(', ')} do not share one unit.`);
  }
  return unit;
}

/** Returns the definition of a signal. @throws E_DASHBOARD  when the catalogue has none */
function definitionOf(signal: string): SignalDefinition {
  const definition = findSignal(signal);
  if (definition === undefined) throw unknownSignal(signal);
  return definition;
}

const LEVELS: readonly LowerScope[] = ['version', 'feature', 'segment', 'gpu'];
const LEVELS_OF_SERIES: readonly SignalScope[] = ['model', ...LEVELS];

function unknownSignal(signal: string): AppError {
  return new AppError('E_DASHBOARD', `The catalogue has no signal "${signal}".`);
}
