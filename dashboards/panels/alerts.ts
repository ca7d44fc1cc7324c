import { barChartPanel } from '../../src/grafana/bar-chart-panel.ts';
import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { MODEL_OF_CELL, toOneModel } from '../../src/grafana/links.ts';
import { MODELS_FILTER, table } from '../../src/grafana/sql.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';
import { tablePanel } from '../../src/grafana/table-panel.ts';
import { PLAIN_STEPS } from '../../src/grafana/thresholds.ts';
import { ACKNOWLEDGED, EPISODES, WEEKS } from './alert-sql.ts';

const SEVERITY_COLORS = { critical: 'red', warning: 'orange', info: 'blue' } as const;
const FROM = 'table alert_history';

/** An alert that is over within this was hardly worth waking for. */
const SHORT_SECONDS = 300;

/** Returns the four numbers of the time range: alerts, critical ones a week, median length, share that was short or came back. */
export function alertStats(firstId: number): readonly PlacedPanel[] {
  const stats = [
    {
      title: 'Alerts',
      unit: 'none',
      decimals: 0,
      value: 'toFloat64(count())',
      shows: 'Shows the number of alerts that began to fire in the time range.',
      act: 'Compare with how many led to a change.',
    },
    {
      title: 'Critical a week',
      unit: 'none',
      decimals: 1,
      value: `countIf(severity = 'critical') / ${WEEKS}`,
      shows: 'Shows the critical alerts a week: those that page.',
      act: 'More than two a week for one person on call is too many: look for the noisiest rule below.',
    },
    {
      title: 'Median length',
      unit: 's',
      decimals: 0,
      value: 'if(count() = 0, 0, quantileExact(0.5)(seconds))',
      shows: 'Shows half of what time: half of the alerts were over sooner, half later.',
      act: 'Very short alerts want a longer time before they fire.',
    },
    {
      title: 'Short or flapping',
      unit: 'percentunit',
      decimals: 0,
      value: `if(count() = 0, 0, countIf(again > 0 OR (resolved AND seconds < ${SHORT_SECONDS})) / count())`,
      shows:
        'Shows the share of alerts that were over within five minutes or began to fire again before they were over.',
      act: 'Raise the for or keep_firing_for of the rules at the top of the table.',
    },
  ];
  return stats.map(({ title, unit, decimals, value, shows, act }, index) =>
    statPanel({
      text: { id: firstId + index, title, shows, from: FROM, act },
      unit,
      steps: PLAIN_STEPS,
      decimals,
      target: clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: `SELECT $__toTime AS time, toFloat64(${value}) AS Value FROM ${EPISODES}`,
      }),
    }),
  );
}

/** Returns the bars of alerts a day by severity. */
export function alertsByDayPanel(id: number): PlacedPanel {
  return barChartPanel({
    text: {
      id,
      title: 'Alerts a day',
      shows: 'Shows the alerts that began to fire on each day (UTC), by severity.',
      from: FROM,
      act: 'A day that stands out is one cause with many alerts: look whether an unless would have told it as one.',
    },
    unit: 'none',
    category: 'day',
    stacked: true,
    decimals: 0,
    colors: SEVERITY_COLORS,
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        // A day without alerts is one, too.
        'SELECT toString(day) AS day, critical, warning, info FROM (',
        "SELECT toDate(fired) AS day, countIf(severity = 'critical') AS critical, countIf(severity = 'warning') AS warning, countIf(severity = 'info') AS info",
        `FROM ${EPISODES} GROUP BY day ORDER BY day WITH FILL FROM toDate($__fromTime) TO toDate($__toTime) + 1) ORDER BY day`,
      ].join('\n'),
    }),
  });
}

/** Returns the bars of alerts by hour of the day. */
export function hourOfDayPanel(id: number): PlacedPanel {
  return barChartPanel({
    text: {
      id,
      title: 'At which hour',
      shows: 'Shows at which hour of the day (UTC) alerts began to fire, critical ones and others.',
      from: FROM,
      act: 'The same hour each day is a job or a traffic peak, not chance: compare with a baseline instead of a number.',
    },
    unit: 'none',
    category: 'hour',
    stacked: true,
    decimals: 0,
    colors: { critical: 'red', others: 'orange' },
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        "SELECT leftPad(toString(hour), 2, '0') AS hour, critical, others FROM (",
        "SELECT toUInt8(toHour(fired)) AS hour, countIf(severity = 'critical') AS critical, countIf(severity != 'critical') AS others",
        `FROM ${EPISODES} GROUP BY hour ORDER BY hour WITH FILL FROM 0 TO 24) ORDER BY hour`,
      ].join('\n'),
    }),
  });
}

/** Returns the table of rules with how often and how long each fired. */
export function alertTablePanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Rules by noise',
      shows:
        'Shows for each rule how often it fired, on how many models, for how long, how often it came back, and how often it was close: pending and then over.',
      from: FROM,
      act: 'A rule that often fires and is soon over wants a longer for, a compound condition, or to be deleted.',
    },
    sortBy: { column: 'Fired', descending: true },
    columns: [
      { name: 'alert', title: 'Rule', minWidth: 220, wrap: true },
      { name: 'severity', title: 'Severity', width: 85, colors: SEVERITY_COLORS },
      { name: 'fired', title: 'Fired', unit: 'none', decimals: 0, width: 70 },
      { name: 'models', title: 'Models', unit: 'none', decimals: 0, width: 75 },
      { name: 'median_seconds', title: 'Median', unit: 's', width: 95 },
      { name: 'longest_seconds', title: 'Longest', unit: 's', width: 95 },
      { name: 'flapped', title: 'Came back', unit: 'none', decimals: 0, width: 95 },
      { name: 'cancelled', title: 'Pending', unit: 'none', decimals: 0, width: 80 },
    ],
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        'SELECT f.alert AS alert, f.severity AS severity, f.fired AS fired, f.models AS models, f.median_seconds AS median_seconds, f.longest_seconds AS longest_seconds, f.flapped AS flapped, toFloat64(c.cancelled) AS cancelled FROM (',
        'SELECT alert, any(severity) AS severity, toFloat64(count()) AS fired, toFloat64(uniqExact(model)) AS models, toFloat64(quantileExact(0.5)(seconds)) AS median_seconds, toFloat64(max(seconds)) AS longest_seconds, toFloat64(sum(again)) AS flapped',
        `FROM ${EPISODES} AS e GROUP BY alert) AS f`,
        `LEFT JOIN (SELECT alert, count() AS cancelled FROM ${table('alert_history')} FINAL WHERE $__timeFilter(at) AND ${MODELS_FILTER} AND transition = 'cancelled' GROUP BY alert) AS c ON f.alert = c.alert`,
        'ORDER BY fired DESC, alert LIMIT 200',
      ].join('\n'),
    }),
  });
}

/** Returns the bars of the models with the most alerts. */
export function noisyModelsPanel(id: number): PlacedPanel {
  return barChartPanel({
    text: {
      id,
      title: 'Models with the most alerts',
      shows: 'Shows the fifteen models with the most alerts in the time range, by severity.',
      from: FROM,
      act: 'A model at the top for weeks needs its owner, not another page.',
    },
    unit: 'none',
    category: 'model',
    horizontal: true,
    stacked: true,
    decimals: 0,
    colors: SEVERITY_COLORS,
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        "SELECT if(model = '', '(fleet)', model) AS model, countIf(severity = 'critical') AS critical, countIf(severity = 'warning') AS warning, countIf(severity = 'info') AS info",
        `FROM ${EPISODES} GROUP BY model ORDER BY count() DESC, model LIMIT 15`,
      ].join('\n'),
    }),
  });
}

/** Returns the table of messages by receiver and outcome. */
export function deliveriesPanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Messages by receiver',
      shows:
        'Shows the messages about alerts of all models by receiver and action: pages, notes, retraining requests; delivered, still owed, or refused for good, and the slowest.',
      from: 'table outbox',
      act: 'Anything refused for good was never seen by anybody: read its reason with plumbline, mend the receiver, and send it again.',
    },
    sortBy: { column: 'Messages', descending: true },
    columns: [
      { name: 'target', title: 'Receiver', minWidth: 110, wrap: true },
      { name: 'action', title: 'Action', width: 80 },
      { name: 'state', title: 'State', width: 90, colors: { delivered: 'green', pending: 'orange', parked: 'red' } },
      { name: 'messages', title: 'Messages', unit: 'none', decimals: 0, width: 95 },
      { name: 'slowest_seconds', title: 'Slowest', unit: 's', decimals: 0, width: 85 },
    ],
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        "SELECT target, action, state, toFloat64(count()) AS messages, toFloat64(max(dateDiff('second', created, updated))) AS slowest_seconds",
        `FROM ${table('outbox')} FINAL WHERE $__timeFilter(occurred) GROUP BY target, action, state ORDER BY messages DESC LIMIT 200`,
      ].join('\n'),
    }),
  });
}

/** Returns the table of the newest alerts. */
export function newestAlertsPanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Newest alerts',
      shows: 'Shows the alerts of the time range with what they said, the newest first.',
      from: FROM,
      act: 'For each ask: was there something to do, and was it done? If not, change the rule.',
    },
    sortBy: { column: 'Fired', descending: true },
    columns: [
      { name: 'fired', title: 'Fired', unit: 'dateTimeAsIso', width: 165 },
      { name: 'seconds', title: 'For', unit: 's', width: 90 },
      { name: 'severity', title: 'Severity', width: 85, colors: SEVERITY_COLORS },
      { name: 'alert', title: 'Rule', minWidth: 180, wrap: true },
      { name: 'model', title: 'Model', width: 130, links: [toOneModel(MODEL_OF_CELL)] },
      { name: 'acknowledged_seconds', title: 'Taken on after', unit: 's', width: 120 },
      { name: 'summary', title: 'Summary', minWidth: 220, wrap: true },
    ],
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        "SELECT e.fired AS fired, toFloat64(e.seconds) AS seconds, e.severity AS severity, e.alert AS alert, e.model AS model, if(a.episode = '', NULL, toFloat64(dateDiff('second', e.fired, a.taken))) AS acknowledged_seconds, s.summary AS summary",
        `FROM ${EPISODES} AS e LEFT JOIN (`,
        `SELECT episode, argMin(summary, at) AS summary FROM ${table('alert_history')} FINAL WHERE $__timeFilter(at) AND transition = 'firing' GROUP BY episode`,
        `) AS s ON e.episode = s.episode LEFT JOIN ${ACKNOWLEDGED} AS a ON e.episode = a.episode ORDER BY fired DESC LIMIT 200`,
      ].join('\n'),
    }),
  });
}
