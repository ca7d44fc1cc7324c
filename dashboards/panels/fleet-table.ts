import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { NEWEST, newest, scopeFilter, sharedUnit, sqlList, table } from '../../src/grafana/sql.ts';
import { type TableColumn, tablePanel } from '../../src/grafana/table-panel.ts';
import type { Step } from '../../src/grafana/thresholds.ts';
import { FIRING_NOW } from './alert-sql.ts';
import { FLEET_ROW_LINK } from './fleet.ts';

const SIGNALS = [
  'requests_per_second',
  'error_ratio',
  'slo_error_ratio',
  'latency_p99_seconds',
  'slo_latency_p99_seconds',
  'drift_score',
  'drift_alarms',
  'feature_incidents',
  'worst_business_ratio',
  'gpu_utilization_ratio',
  'cost_per_thousand_predictions_usd',
  'model_age_seconds',
] as const;

/** Returns the table with one row for each model, the one in the most trouble first. */
export function fleetTablePanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Models by trouble',
      shows:
        'Shows the newest numbers of each model. Trouble counts what is wrong: errors or p99 over their objective, drift that persists, features gone bad, business below 85 % of usual, and alerts that fire; each of them is red in its own column',
      from: 'tables signals and alert_history',
      act: 'Start at the top and follow the link of the model; a dash means that the model has no such signal.',
    },
    sortBy: { column: 'Trouble', descending: true },
    columns: columns(),
    target: clickHouseQuery({ refId: 'A', format: 'table', sql: fleetSql() }),
  });
}

/** Errors without an objective are judged by this. */
const DEFAULT_ERROR_OBJECTIVE = 0.01;

function fleetSql(): string {
  const is = (condition: string): string => `ifNull(${condition}, 0)`;
  const troubles = [
    is(`error_ratio > ifNull(slo_error_ratio, ${DEFAULT_ERROR_OBJECTIVE})`),
    is('latency_p99_seconds > slo_latency_p99_seconds'),
    is('drift_alarms > 0'),
    is('feature_incidents > 0'),
    is('worst_business_ratio < 0.85'),
    'firing.alerts',
  ];
  return [
    `SELECT s.model AS model, ${troubles.join(' + ')} AS trouble, firing.alerts AS alerts, firing.worst AS worst,`,
    `requests_per_second, error_ratio, error_ratio / ifNull(slo_error_ratio, ${DEFAULT_ERROR_OBJECTIVE}) AS errors_of_objective,`,
    'latency_p99_seconds, latency_p99_seconds / slo_latency_p99_seconds AS p99_of_objective, drift_score, drift_alarms, feature_incidents,',
    'worst_business_ratio, gpu_utilization_ratio, cost_per_thousand_predictions_usd, model_age_seconds FROM (',
    `SELECT model, ${SIGNALS.map((signal) => `${newest(signal)} AS ${signal}`).join(', ')}`,
    `FROM ${table('signals_by_day')} FINAL WHERE ${NEWEST} AND model != '' AND signal IN (${sqlList(SIGNALS)}) AND ${scopeFilter('model')} GROUP BY model) AS s`,
    `LEFT JOIN (SELECT model, toFloat64(count()) AS alerts, arrayElement(['', 'info', 'warning', 'critical'], 1 + max(indexOf(['info', 'warning', 'critical'], severity))) AS worst FROM (${FIRING_NOW}) GROUP BY model) AS firing`,
    'ON s.model = firing.model ORDER BY trouble DESC, requests_per_second DESC LIMIT 1000',
  ].join('\n');
}

const LIMIT: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 0.8, color: 'orange' },
  { value: 1, color: 'red' },
];
const NONE_IS_GOOD: readonly Step[] = [
  { value: null, color: 'transparent' },
  { value: 1, color: 'red' },
];
const USUAL: readonly Step[] = [
  { value: null, color: 'red' },
  { value: 0.85, color: 'orange' },
  { value: 0.95, color: 'green' },
];

function columns(): readonly TableColumn[] {
  return [
    { name: 'model', title: 'Model', minWidth: 150, links: [FLEET_ROW_LINK] },
    { name: 'trouble', title: 'Trouble', unit: 'none', decimals: 0, width: 80, steps: NONE_IS_GOOD },
    { name: 'alerts', title: 'Firing', unit: 'none', decimals: 0, width: 70, steps: NONE_IS_GOOD },
    { name: 'worst', title: 'Worst', width: 80, colors: { critical: 'red', warning: 'orange', info: 'blue' } },
    { name: 'requests_per_second', title: 'Traffic', unit: sharedUnit('requests_per_second'), width: 100 },
    { name: 'error_ratio', title: 'Errors', unit: sharedUnit('error_ratio'), decimals: 2, width: 80 },
    {
      name: 'errors_of_objective',
      title: 'Errors / SLO',
      unit: 'percentunit',
      decimals: 0,
      width: 130,
      steps: LIMIT,
    },
    { name: 'latency_p99_seconds', title: 'p99', unit: sharedUnit('latency_p99_seconds'), width: 80 },
    { name: 'p99_of_objective', title: 'p99 / SLO', unit: 'percentunit', decimals: 0, width: 115, steps: LIMIT },
    { name: 'drift_score', title: 'Drift', unit: sharedUnit('drift_score'), decimals: 3, width: 80 },
    { name: 'drift_alarms', title: 'Drift alarms', unit: 'none', decimals: 0, width: 105, steps: NONE_IS_GOOD },
    { name: 'feature_incidents', title: 'Bad features', unit: 'none', decimals: 0, width: 105, steps: NONE_IS_GOOD },
    { name: 'worst_business_ratio', title: 'Business', unit: 'percentunit', decimals: 0, width: 85, steps: USUAL },
    { name: 'gpu_utilization_ratio', title: 'GPU', unit: 'percentunit', decimals: 0, width: 90 },
    {
      name: 'cost_per_thousand_predictions_usd',
      title: 'USD / 1,000',
      unit: sharedUnit('cost_per_thousand_predictions_usd'),
      decimals: 4,
      width: 110,
    },
    { name: 'model_age_seconds', title: 'Age', unit: sharedUnit('model_age_seconds'), decimals: 0, width: 90 },
  ];
}
