import { barChartPanel } from '../../src/grafana/bar-chart-panel.ts';
import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { MODEL_OF_CELL, MODEL_OF_SERIES, toOneModel } from '../../src/grafana/links.ts';
import { SERVICE_BUCKET_SECONDS, SERVICE_TIME, serviceRows } from '../../src/grafana/service-sql.ts';
import { NEWEST, newest, scopeFilter, sharedUnit, sqlList, table } from '../../src/grafana/sql.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';
import { statusHistoryPanel } from '../../src/grafana/status-history-panel.ts';
import { PLAIN_STEPS, type Step } from '../../src/grafana/thresholds.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';
import { FIRING_NOW, FIRING_SPANS } from './alert-sql.ts';

/** Any number above zero is bad. */
const NONE_IS_GOOD: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 1, color: 'red' },
];

/** Days after which a model counts as stale. */
const STALE_DAYS = 30;

/** Returns the numbers of the fleet now: models, those in trouble by kind, alerts, traffic. */
export function fleetStats(firstId: number): readonly PlacedPanel[] {
  const perModel = (value: string, signals: readonly string[]): string =>
    [
      `SELECT $__toTime AS time, toFloat64(countIf(${value})) AS Value FROM (`,
      `SELECT model, ${signals.map((signal) => `${newest(signal)} AS ${signal}`).join(', ')}`,
      `FROM ${table('signals_by_day')} FINAL WHERE ${NEWEST} AND model != '' AND signal IN (${sqlList(signals)}) AND ${scopeFilter('model')} GROUP BY model)`,
    ].join('\n');
  const stats = [
    {
      title: 'Models serving',
      value: 'requests_per_second > 0',
      signals: ['requests_per_second'],
      steps: PLAIN_STEPS,
      act: 'Fewer than yesterday is a caller or a collector that stopped.',
    },
    {
      title: 'Over their p99 objective',
      value: 'latency_p99_seconds > slo_latency_p99_seconds',
      signals: ['latency_p99_seconds', 'slo_latency_p99_seconds'],
      steps: NONE_IS_GOOD,
      act: 'Sort the table by p99 of what is allowed.',
    },
    {
      title: 'Drifted',
      value: 'drifted_features > 0',
      signals: ['drifted_features'],
      steps: NONE_IS_GOOD,
      act: 'Sort the table by drift.',
    },
    {
      title: `Older than ${STALE_DAYS} days`,
      value: `model_age_seconds > ${STALE_DAYS * 86_400}`,
      signals: ['model_age_seconds'],
      steps: PLAIN_STEPS,
      act: 'Old and drifted together is what retraining is for.',
    },
  ];
  return [
    ...stats.map(({ title, value, signals, steps, act }, index) =>
      statPanel({
        text: {
          id: firstId + index,
          title,
          shows: `Shows the number of models for which ${value} in the newest minutes.`,
          from: `signals ${signals.join(' and ')} in table signals`,
          act,
        },
        unit: 'none',
        steps,
        target: clickHouseQuery({ refId: 'A', format: 'timeseries', sql: perModel(value, signals) }),
      }),
    ),
    firingStat(firstId + stats.length),
    trafficStat(firstId + stats.length + 1),
  ];
}

function firingStat(id: number): PlacedPanel {
  return statPanel({
    text: {
      id,
      title: 'Alerts firing',
      shows: 'Shows the number of alerts that fire at the end of the time range, whatever their severity.',
      from: 'table alert_history',
      act: 'Begin with the model at the top of the table.',
    },
    unit: 'none',
    steps: NONE_IS_GOOD,
    target: clickHouseQuery({
      refId: 'A',
      format: 'timeseries',
      sql: `SELECT $__toTime AS time, toFloat64(count()) AS Value FROM (${FIRING_NOW})`,
    }),
  });
}

function trafficStat(id: number): PlacedPanel {
  return statPanel({
    text: {
      id,
      title: 'Traffic of the fleet',
      shows: 'Shows the predictions per second of all models together.',
      from: 'tables service_per_minute and, beyond two days, service_per_hour',
      act: 'A fall to a part of itself is a collector or a gateway rather than a model.',
    },
    unit: sharedUnit('requests_per_second'),
    steps: PLAIN_STEPS,
    target: clickHouseQuery({
      refId: 'A',
      format: 'timeseries',
      sql: [
        `SELECT ${SERVICE_TIME}, sum(requests) / ${SERVICE_BUCKET_SECONDS} AS Value`,
        `FROM ${serviceRows("segment = ''", ['requests'])}`,
        'GROUP BY time ORDER BY time',
      ].join('\n'),
    }),
  });
}

/** Most models in one picture. */
const TOP_MODELS = 40;

/** Returns the grid of models and time, coloured by the worst alert that fired. */
export function healthPanel(id: number): PlacedPanel {
  return statusHistoryPanel({
    text: {
      id,
      title: 'Health by model',
      shows: `Shows the worst alert that fired in each span of time, if any; the ${TOP_MODELS} models with the worst history and the most traffic.`,
      from: 'tables alert_history and service_per_hour',
      act: 'One red row is that model; a red column is something that all of them share: a node, a feature store, a network.',
    },
    nameLabel: 'model',
    maxColumns: 120,
    states: [
      { value: 0, text: 'none', color: 'green' },
      { value: 1, text: 'info', color: 'blue' },
      { value: 2, text: 'warning', color: 'orange' },
      { value: 3, text: 'critical', color: 'red' },
    ],
    links: [toOneModel('var-model=${__field.labels.model}')],
    target: clickHouseQuery({ refId: 'A', format: 'timeseries', sql: healthSql() }),
  });
}

function healthSql(): string {
  const bucket = (time: string): string => `intDiv(toUnixTimestamp(${time}), $__interval_s) * $__interval_s`;
  return [
    "SELECT toDateTime(bucket, 'UTC') AS time, model, max(rank) AS Value FROM (",
    'SELECT bucket, model, rank, dense_rank() OVER (ORDER BY worst DESC, busy DESC, model) AS place FROM (',
    'SELECT bucket, model, rank, max(rank) OVER (PARTITION BY model) AS worst, sum(n) OVER (PARTITION BY model) AS busy FROM (',
    `SELECT arrayJoin(range(${bucket('begin')}, ${bucket('end')} + 1, $__interval_s)) AS bucket, model, indexOf(['info', 'warning', 'critical'], severity) AS rank, 0 AS n FROM (${FIRING_SPANS}) WHERE model != ''`,
    `UNION ALL SELECT arrayJoin(range(${bucket('$__fromTime')}, ${bucket('$__toTime')} + 1, $__interval_s)) AS bucket, model, 0 AS rank, n FROM (`,
    `SELECT model, sum(requests) AS n FROM ${table('service_per_hour')} WHERE t >= toStartOfHour($__fromTime) AND t <= $__toTime AND segment = '' GROUP BY model)))`,
    `) WHERE place <= ${TOP_MODELS} GROUP BY time, model ORDER BY time, model`,
  ].join('\n');
}

/** Returns the chart of the busiest models' traffic. */
export function busiestPanel(id: number): PlacedPanel {
  const rows = serviceRows("segment = ''", ['model', 'requests']);
  return timeSeriesPanel({
    text: {
      id,
      title: 'Traffic of the ten busiest models',
      shows: 'Shows predictions per second of the ten models with the most of them in the time range.',
      from: 'tables service_per_minute and, beyond two days, service_per_hour',
      act: 'All lines falling together is upstream of the models; one line falling is that model or its caller.',
    },
    unit: sharedUnit('requests_per_second'),
    nameLabel: 'series',
    links: [toOneModel(MODEL_OF_SERIES)],
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `SELECT ${SERVICE_TIME}, model AS series, sum(requests) / ${SERVICE_BUCKET_SECONDS} AS Value FROM (`,
          'SELECT model, point.1 AS t, point.2 AS requests FROM (',
          `SELECT model, groupArray((t, requests)) AS points FROM ${rows} GROUP BY model ORDER BY sum(requests) DESC, model LIMIT 10)`,
          'ARRAY JOIN points AS point) GROUP BY time, series ORDER BY time, series',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the bars of what the most expensive models cost an hour. */
export function costPanel(id: number): PlacedPanel {
  return barChartPanel({
    text: {
      id,
      title: 'Most expensive models',
      shows: 'Shows the newest cost of serving in US dollars an hour of the twenty most expensive models.',
      from: 'signal cost_per_hour_usd in table signals',
      act: 'Compare with traffic and GPU in use: an expensive idle model is the cheapest saving there is.',
      empty: 'No model tells what it costs.',
    },
    unit: sharedUnit('cost_per_hour_usd'),
    category: 'model',
    horizontal: true,
    decimals: 2,
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        `SELECT model, argMax(value, t) AS "USD an hour" FROM ${table('signals_by_day')} FINAL`,
        `WHERE ${NEWEST} AND signal = 'cost_per_hour_usd' AND model != '' AND ${scopeFilter('model')}`,
        'GROUP BY model ORDER BY 2 DESC LIMIT 20',
      ].join('\n'),
    }),
  });
}

export const FLEET_ROW_LINK = toOneModel(MODEL_OF_CELL);
