import { findSignal } from '../signals/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { SignalScope } from '../signals/signal-definition.ts';

/** The database that Grafana reads. One place, because every query names its tables in full. */
const DATABASE = 'plumbline';

export type TableName =
  | 'signals'
  | 'service_per_minute'
  | 'change_events'
  | 'alert_history'
  | 'alert_states'
  | 'business_metrics'
  | 'dead_letters'
  | 'drift_results'
  | 'feature_grids'
  | 'feature_histogram'
  | 'gpu_samples'
  | 'ingest_receipts'
  | 'labels'
  | 'outbox'
  | 'reference_profiles'
  | 'service_per_hour';

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

/**
 * Returns SQL for the model-level series of a signal: columns `time` and one named after `title`.
 *
 * @throws E_DASHBOARD  when the catalogue has no such signal
 */
export function signalSeriesSql(signal: string, title: string): string {
  const definition = findSignal(signal);
  if (definition === undefined) throw unknownSignal(signal);
  return [
    `SELECT $__timeInterval(t) AS time, ${definition.sql} AS "${title}"`,
    `FROM ${table('signals')} FINAL`,
    `WHERE $__timeFilter(t) AND ${MODEL_FILTER} AND signal = '${signal}'`,
    `AND version = '' AND feature = '' AND segment = '' AND gpu = '' AND state = 'ok'`,
    'GROUP BY time ORDER BY time',
  ].join('\n');
}

/** A level of signals below the model. */
export type LowerScope = Exclude<SignalScope, 'model'>;

/**
 * Returns SQL for one series of a signal per model, version, feature, segment or GPU: columns `time`, `series`, `Value`.
 *
 * @throws E_DASHBOARD  when the catalogue has no such signal
 */
export function signalByScopeSql(options: {
  readonly signal: string;
  readonly filter: string;
  readonly scope?: SignalScope;
  /** SQL of the name of a series. */
  readonly series: string;
}): string {
  const definition = findSignal(options.signal);
  if (definition === undefined) throw unknownSignal(options.signal);
  return [
    `SELECT $__timeInterval(t) AS time, ${options.series} AS series, ${definition.sql} AS Value`,
    `FROM ${table('signals')} FINAL`,
    `WHERE $__timeFilter(t) AND ${options.filter} AND signal = '${options.signal}'`,
    `AND ${scopeFilter(options.scope ?? 'model')} AND state = 'ok'`,
    'GROUP BY time, series ORDER BY time, series',
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

const LEVELS: readonly LowerScope[] = ['version', 'feature', 'segment', 'gpu'];

function unknownSignal(signal: string): AppError {
  return new AppError('E_DASHBOARD', `The catalogue has no signal "${signal}".`);
}
