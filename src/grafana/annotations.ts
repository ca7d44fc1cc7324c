import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { type AnnotationQuery, AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { clickHouseQuery } from './clickhouse-query.ts';
import { dataSourceRef } from './datasources.ts';
import { MODEL_FILTER, table } from './sql.ts';

/** Returns Grafana's own layer, where people leave notes by hand. */
export function handwrittenAnnotations(): Builder<AnnotationQuery> {
  return new AnnotationQueryBuilder()
    .builtIn(1)
    .type('dashboard')
    .name('Annotations & Alerts')
    .datasource({ type: 'grafana', uid: '-- Grafana --' })
    .enable(true)
    .hide(true)
    .iconColor('rgba(0, 211, 255, 1)');
}

/** Returns the marks of changes to the model, or to everything, of the given kinds. */
export function changeAnnotations(options: {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly color: string;
  /** Condition on the column model; the chosen model by default. */
  readonly filter?: string;
}): Builder<AnnotationQuery> {
  const filter = options.filter ?? MODEL_FILTER;
  const kinds = options.kinds.map((kind) => `'${kind}'`).join(', ');
  const sql = [
    'SELECT ts AS time, title,',
    "concat(kind, if(version = '', '', concat(' of version ', version)), if(url = '', '', concat(' ', url))) AS text,",
    "arrayStringConcat(arrayFilter(tag -> tag != '', [toString(kind), toString(model), toString(version)]), ',') AS tags",
    `FROM ${table('change_events')}`,
    `WHERE $__timeFilter(ts) AND (${filter} OR model = '') AND kind IN (${kinds})`,
    'ORDER BY time LIMIT 1000',
  ].join('\n');
  return clickHouseAnnotations({ name: options.name, color: options.color, sql });
}

/** In a range longer than this, only critical alerts are marked, and of them the longest: dozens of marks would hide the chart. */
const FEW_MARKS_FROM_SECONDS = 2 * 86_400;
const FEW_MARKS = 20;

/**
 * Returns the spans in which alerts of the model, or of those that `filter` names, fired: from firing to resolved, or to
 * the end of the picture.
 */
export function alertAnnotations(
  filter: string = MODEL_FILTER,
  options: { readonly onlyCritical?: boolean } = {},
): Builder<AnnotationQuery> {
  const isLong = `dateDiff('second', $__fromTime, $__toTime) > ${FEW_MARKS_FROM_SECONDS}`;
  const sql = [
    'SELECT time, timeEnd, title, text, tags FROM (',
    "SELECT minIf(at, transition = 'firing') AS time,",
    "if(countIf(transition = 'resolved') = 0, $__toTime_ms, maxIf(at, transition = 'resolved')) AS timeEnd,",
    "any(alert) AS title, argMax(summary, at) AS text, any(severity) AS worst, concat(worst, ',', any(alert)) AS tags",
    `FROM ${table('alert_history')} FINAL`,
    `WHERE ${filter} AND at >= $__fromTime_ms - INTERVAL 30 DAY AND at <= $__toTime_ms GROUP BY episode`,
    "HAVING countIf(transition = 'firing') > 0 AND time <= $__toTime_ms AND timeEnd >= $__fromTime_ms",
    `AND (worst = 'critical' OR NOT (${options.onlyCritical === true ? 'true' : isLong}))`,
    `ORDER BY timeEnd - time DESC, time LIMIT if(${isLong}, ${FEW_MARKS}, 1000)`,
    ') ORDER BY time',
  ].join('\n');
  return clickHouseAnnotations({ name: 'Alerts', color: 'red', sql });
}

/**
 * Returns the marks that every dashboard has: notes by hand, deploys, retrains and alerts of the models of `filter`, of
 * several models only the critical ones.
 */
export function commonAnnotations(filter: string = MODEL_FILTER): readonly Builder<AnnotationQuery>[] {
  return [
    handwrittenAnnotations(),
    changeAnnotations({ name: 'Deploys', kinds: ['deploy', 'rollout'], color: 'blue', filter }),
    changeAnnotations({ name: 'Retrains', kinds: ['retrain'], color: 'purple', filter }),
    alertAnnotations(filter, { onlyCritical: filter !== MODEL_FILTER }),
  ];
}

function clickHouseAnnotations(options: {
  readonly name: string;
  readonly color: string;
  readonly sql: string;
}): Builder<AnnotationQuery> {
  return new AnnotationQueryBuilder()
    .name(options.name)
    .datasource(dataSourceRef('clickhouse'))
    .enable(true)
    .hide(false)
    .iconColor(options.color)
    .target(clickHouseQuery({ refId: 'annotation', sql: options.sql, format: 'table' }));
}
