import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { MODEL_OF_CELL, MODEL_OF_SERIES, toOneModel } from '../../src/grafana/links.ts';
import { SERVICE_TIME, serviceRows, serviceTotalRows } from '../../src/grafana/service-sql.ts';
import { MODELS_FILTER, NEWEST, newest, scopeFilter, sharedUnit, table } from '../../src/grafana/sql.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';
import { type TableColumn, tablePanel } from '../../src/grafana/table-panel.ts';
import type { Step } from '../../src/grafana/thresholds.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

/** Newest objectives of each chosen model. */
const OBJECTIVES = [
  `SELECT model, ${newest('slo_error_ratio')} AS slo_error_ratio, ${newest('slo_latency_p99_seconds')} AS slo_latency_p99_seconds, ${newest('slo_accuracy')} AS slo_accuracy, ${newest('accuracy')} AS accuracy,`,
  `${newest('error_budget_burn_1h')} AS error_burn, ${newest('latency_budget_burn_1h')} AS latency_burn`,
  `FROM ${table('signals_by_day')} FINAL WHERE ${NEWEST} AND ${MODELS_FILTER} AND model != '' AND ${scopeFilter('model')}`,
  "AND signal IN ('slo_error_ratio', 'slo_latency_p99_seconds', 'slo_accuracy', 'accuracy', 'error_budget_burn_1h', 'latency_budget_burn_1h') GROUP BY model",
].join('\n');

/** Share of timed predictions within their objective, to the 1 % of the sketch: the highest of its percentiles that is. */
const COLUMNS_READ = ['model', 'requests', 'errors', 'latency', 'latency_count'];
const ALL_OF_THEM = `${MODELS_FILTER} AND segment = ''`;

/** Each model over the whole range: its error ratio and p99, its objectives and what is left of the budget of errors. */
const STANDINGS = [
  'SELECT o.model AS model, s.n AS requests, s.error_ratio AS error_ratio, o.slo_error_ratio AS slo_error_ratio, 1 - s.error_ratio / o.slo_error_ratio AS error_budget_left, o.error_burn AS error_burn,',
  's.p99 AS p99, o.slo_latency_p99_seconds AS slo_latency_p99_seconds, s.p99 / o.slo_latency_p99_seconds AS p99_of_objective, o.latency_burn AS latency_burn, o.accuracy AS accuracy, o.slo_accuracy AS slo_accuracy',
  `FROM (${OBJECTIVES}) AS o INNER JOIN (`,
  'SELECT model, toFloat64(sum(requests)) AS n, sum(errors) / n AS error_ratio, if(sum(latency_count) = 0, nan, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency)[3] / 1000) AS p99',
  `FROM ${serviceTotalRows(MODELS_FILTER, COLUMNS_READ)} GROUP BY model) AS s ON o.model = s.model`,
].join('\n');

const LEFT: readonly Step[] = [
  { value: null, color: 'red' },
  { value: 0, color: 'orange' },
  { value: 0.25, color: 'green' },
];
const FEW_IS_GOOD: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 1, color: 'red' },
];

/** Returns the three numbers of the objectives: models without budget, over their p99, and burning fast. */
export function objectiveStats(firstId: number): readonly PlacedPanel[] {
  const stats = [
    {
      title: 'Out of error budget',
      condition: 'error_budget_left < 0',
      act: 'No risky deploys of these models until the range has recovered.',
    },
    {
      title: 'p99 over its objective',
      condition: 'p99_of_objective > 1',
      act: 'Look at the chart of latency of each on its page.',
    },
    {
      title: 'Burning fast',
      condition: 'error_burn > 14.4 OR latency_burn > 14.4',
      act: 'These page: begin with them.',
    },
  ];
  return stats.map(({ title, condition, act }, index) =>
    statPanel({
      text: {
        id: firstId + index,
        title,
        shows: `Shows the number of chosen models with ${condition} over the time range.`,
        from: 'tables service_per_minute, service_per_hour, service_per_day and signals',
        act,
      },
      unit: 'none',
      decimals: 0,
      steps: FEW_IS_GOOD,
      target: clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: `SELECT $__toTime AS time, toFloat64(countIf(ifNull(${condition}, 0))) AS Value FROM (${STANDINGS})`,
      }),
    }),
  );
}

/** Returns the table of models with their objectives and what is left of them. */
export function objectivesTablePanel(id: number): PlacedPanel {
  const columns: readonly TableColumn[] = [
    { name: 'model', title: 'Model', width: 190, links: [toOneModel(MODEL_OF_CELL)] },
    { name: 'requests', title: 'Predictions', unit: 'short', width: 110 },
    { name: 'error_ratio', title: 'Errors', unit: sharedUnit('error_ratio'), decimals: 3, width: 95 },
    { name: 'slo_error_ratio', title: 'Allowed', unit: sharedUnit('slo_error_ratio'), decimals: 3, width: 95 },
    { name: 'error_budget_left', title: 'Budget left', unit: 'percentunit', decimals: 0, width: 110, steps: LEFT },
    { name: 'error_burn', title: 'Burn, errors', unit: 'none', decimals: 1, width: 110 },
    { name: 'p99', title: 'p99', unit: sharedUnit('latency_p99_seconds'), width: 100 },
    { name: 'slo_latency_p99_seconds', title: 'Allowed p99', unit: sharedUnit('slo_latency_p99_seconds'), width: 110 },
    {
      name: 'p99_of_objective',
      title: 'p99 of objective',
      unit: 'percentunit',
      decimals: 0,
      width: 135,
      steps: [
        { value: null, color: 'green' },
        { value: 0.8, color: 'orange' },
        { value: 1, color: 'red' },
      ],
    },
    { name: 'latency_burn', title: 'Burn, latency', unit: 'none', decimals: 1, width: 115 },
    { name: 'accuracy', title: 'Accuracy now', unit: sharedUnit('accuracy'), decimals: 1, width: 120 },
    { name: 'slo_accuracy', title: 'Wanted', unit: sharedUnit('slo_accuracy'), decimals: 1 },
  ];
  return tablePanel({
    text: {
      id,
      title: 'Models and their objectives',
      shows:
        'Shows errors and p99 over the whole time range beside what is allowed, the share of the error budget that is left, and how fast both are used up now.',
      from: 'tables service_per_minute, service_per_hour, service_per_day and signals',
      act: 'Negative means overdrawn: stop risky deploys of that model; a budget that is never touched is an objective that is too loose.',
    },
    sortBy: { column: 'Budget left', descending: false },
    columns,
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: `SELECT * FROM (${STANDINGS}) ORDER BY error_budget_left, model LIMIT 1000`,
    }),
  });
}

/** Returns the chart of what is left of each model's error budget as the range goes on. */
export function budgetLeftPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Error budget left',
      shows:
        'Shows for the ten models with the least left how the error budget of the whole time range was used up: 100 % at its begin, below 0 % is overdrawn.',
      from: 'tables service_per_minute and service_per_hour and signal slo_error_ratio',
      act: 'A cliff is one incident: look what was deployed; a slope is a defect that nobody mends.',
      empty: 'None of these models has an objective for errors (slo: error_ratio).',
    },
    unit: 'percentunit',
    nameLabel: 'series',
    min: null,
    links: [toOneModel(MODEL_OF_SERIES)],
    targets: [clickHouseQuery({ refId: 'A', format: 'timeseries', sql: budgetLeftSql() })],
  });
}

/** The ten models with the least left are chosen from sums, before anything is done by time bucket. */
function budgetLeftSql(): string {
  const soFar = 'sum(failed) OVER (PARTITION BY series ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)';
  return [
    `SELECT time, series, 1 - ${soFar} / (total * allowed) AS Value FROM (`,
    `SELECT ${SERVICE_TIME}, series, any(allowed) AS allowed, any(n) AS total, sum(point.2) AS failed FROM (`,
    'SELECT series, allowed, n, point, point.1 AS t FROM (',
    'SELECT s.model AS series, o.allowed AS allowed, s.n AS n, s.points AS points FROM (',
    `SELECT model, sum(requests) AS n, sum(errors) AS failed, groupArray((t, errors)) AS points FROM ${serviceRows(ALL_OF_THEM, ['model', 'requests', 'errors'])} GROUP BY model) AS s`,
    `INNER JOIN (SELECT model, argMax(value, t) AS allowed FROM ${table('signals_by_day')} FINAL WHERE ${NEWEST} AND ${MODELS_FILTER} AND signal = 'slo_error_ratio' AND ${scopeFilter('model')} GROUP BY model HAVING allowed > 0) AS o ON s.model = o.model`,
    'ORDER BY s.failed / (s.n * o.allowed) DESC, series LIMIT 10) ARRAY JOIN points AS point)',
    'GROUP BY time, series) ORDER BY time, series',
  ].join('\n');
}
