import { MODELS_FILTER, table } from '../../src/grafana/sql.ts';

/** An alert that began longer ago than this is no longer looked for. */
const LONGEST_ALERT_DAYS = 30;

/**
 * Episodes of alerts that fired at some time in the range, one row each: alert, model, severity, begin and end (cut off
 * at the range), whether resolved, seconds fired, and how often it began to fire again.
 */
export const FIRING_SPANS = [
  'SELECT episode, any(alert) AS alert, any(model) AS model, any(severity) AS severity,',
  "minIf(at, transition = 'firing') AS fired, if(countIf(transition = 'resolved') = 0, toDateTime64($__toTime, 3), maxIf(at, transition = 'resolved')) AS ended,",
  "greatest(fired, toDateTime64($__fromTime, 3)) AS begin, least(ended, toDateTime64($__toTime, 3)) AS end, countIf(transition = 'resolved') > 0 AS resolved,",
  "dateDiff('second', fired, ended) AS seconds, countIf(transition = 'firing_again') AS again",
  `FROM ${table('alert_history')} FINAL`,
  `WHERE at >= $__fromTime - INTERVAL ${LONGEST_ALERT_DAYS} DAY AND at <= $__toTime GROUP BY episode`,
  "HAVING countIf(transition = 'firing') > 0 AND fired <= $__toTime AND ended >= $__fromTime",
].join('\n');

/** Episodes that fire at the end of the range. */
export const FIRING_NOW = `SELECT episode, alert, model, severity FROM (${FIRING_SPANS}) WHERE resolved = 0`;

/** Episodes of the chosen models that began to fire in the time range. */
export const EPISODES = `(SELECT * FROM (${FIRING_SPANS}) WHERE fired >= $__fromTime AND ${MODELS_FILTER})`;

/** When somebody first acknowledged the page of an episode. */
export const ACKNOWLEDGED = `(SELECT episode, min(at) AS taken FROM ${table('page_acknowledgements')} WHERE at >= $__fromTime AND at <= $__toTime GROUP BY episode)`;

/** Length of the time range in weeks, at least one. */
export const WEEKS = "greatest(1, dateDiff('second', $__fromTime, $__toTime) / 604800)";
