import { findSignal } from '../signals/catalogue.ts';
import { AppError } from '../core/errors.ts';

/** The database that Grafana reads. One place, because every query names its tables in full. */
const DATABASE = 'plumbline';

export type TableName =
  | 'signals'
  | 'service_per_minute'
  | 'change_events'
  | 'alert_history'
  | 'drift_results'
  | 'gpu_samples';

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

/** Only whole time buckets, so that a rate at the edge of the picture is not a fraction of itself. */
export function wholeBuckets(column: string): string {
  const bucket = 'INTERVAL $__interval_s second';
  return `${column} >= toStartOfInterval($__fromTime, ${bucket}) AND ${column} < toStartOfInterval($__toTime, ${bucket})`;
}

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

function unknownSignal(signal: string): AppError {
  return new AppError('E_DASHBOARD', `The catalogue has no signal "${signal}".`);
}
