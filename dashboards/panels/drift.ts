import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import type { PanelLink } from '../../src/grafana/panel-text.ts';
import { MODEL_FILTER, sharedUnit, signalSeriesSql, table, VERSION_FILTER } from '../../src/grafana/sql.ts';
import { statusHistoryPanel } from '../../src/grafana/status-history-panel.ts';
import { type TableColumn, tablePanel } from '../../src/grafana/table-panel.ts';
import { PSI_STEPS } from '../../src/grafana/thresholds.ts';
import { IS_LONG } from '../../src/grafana/time-range-sql.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

/** Most features in one picture: more rows could not be read. */
const TOP_FEATURES = 20;

/** Returns the grid of verdicts by feature and time, the features that moved most. */
export function featureDriftPanel(id: number, links: readonly PanelLink[]): PlacedPanel {
  return statusHistoryPanel({
    text: {
      id,
      title: 'Drift of the features that moved most',
      shows: `Shows for up to ${TOP_FEATURES} features the verdict on each window, at its end: whether it differs from the reference by more than chance and by enough to matter. Over more than two days only closed windows are shown.`,
      from: 'table drift_results',
      act: 'One red row is that feature or its pipeline; many rows at once are a change of traffic or of the reference. The reason is in the table below.',
    },
    nameLabel: 'feature',
    states: [
      { value: 0, text: 'stable or negligible', color: 'green' },
      { value: 1, text: 'minor', color: 'yellow' },
      { value: 2, text: 'moderate', color: 'orange' },
      { value: 3, text: 'major', color: 'red' },
    ],
    maxColumns: 120,
    links,
    target: clickHouseQuery({ refId: 'A', format: 'timeseries', sql: driftGridSql() }),
  });
}

function driftGridSql(): string {
  return [
    'SELECT point.1 AS time, feature, point.2 AS Value FROM (SELECT feature, groupArray((time, Value)) AS points FROM (',
    "SELECT $__timeInterval(window_to) AS time, d.feature AS feature, toFloat64(max(indexOf(['minor', 'moderate', 'major'], level))) AS Value, max(psi_corrected) AS moved",
    `FROM ${table('drift_results')} AS d FINAL`,
    `WHERE $__timeFilter(window_to) AND ${MODEL_FILTER} AND segment = '' AND version = '' AND level != 'insufficient_data'`,
    `AND d.feature NOT IN ('__score__', '__prediction__') AND (final = 1 OR NOT ${IS_LONG})`,
    'GROUP BY time, feature',
    `) GROUP BY feature ORDER BY max(Value) DESC, max(moved) DESC, feature LIMIT ${TOP_FEATURES})`,
    'ARRAY JOIN points AS point ORDER BY time, feature',
  ].join('\n');
}

/** Returns the chart of drift of the predictions and of all features together. */
export function predictionDriftPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Prediction drift',
      shows:
        'Shows how far the predictions, and all features together, are from the reference: noise-corrected PSI, orange from 0.1, red from 0.25.',
      from: 'signals prediction_psi and drift_score in table signals',
      act: 'Inputs and predictions both moved: find the feature in the grid above; predictions alone moved: suspect the model or its version.',
    },
    unit: sharedUnit('prediction_psi', 'drift_score'),
    columns: ['predictions', 'all features'],
    bands: PSI_STEPS.map((step) => (step.value === null ? { ...step, color: 'transparent' } : step)),
    targets: [
      clickHouseQuery({ refId: 'A', format: 'timeseries', sql: signalSeriesSql('prediction_psi', 'predictions') }),
      clickHouseQuery({ refId: 'B', format: 'timeseries', sql: signalSeriesSql('drift_score', 'all features') }),
    ],
  });
}

/** Returns the table of features by drift in their newest closed window. */
export function featuresByDriftPanel(id: number, links: readonly PanelLink[]): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Features by drift',
      shows:
        'Shows each feature in the newest window of the time range, the most drifted first; a window still open is provisional, and what was found in single minutes stands first for ten minutes.',
      from: 'table drift_results',
      act: 'Read the reason, compare missing and unseen with the reference, and follow the link of the feature for numbers and SQL.',
    },
    sortBy: { column: 'PSI', descending: true },
    columns: driftColumns(links),
    target: clickHouseQuery({ refId: 'A', format: 'table', sql: driftTableSql() }),
  });
}

function driftTableSql(): string {
  return [
    "SELECT multiIf(d.feature = '__score__', '(prediction score)', d.feature = '__prediction__', '(prediction)', d.feature) AS feature,",
    "version, level, if(level = 'insufficient_data', nan, d.psi_corrected) AS psi_corrected,",
    "if(kind = 'numeric' AND level != 'insufficient_data', d.ks_corrected, nan) AS ks_corrected, p_adjusted, missing_reference, missing_current,",
    "unseen, n_current, window_to, multiIf(final = 1, 'closed', final = 2, 'last minutes', 'provisional') AS window, reason",
    `FROM ${table('drift_results')} AS d FINAL`,
    `WHERE $__timeFilter(window_to) AND ${MODEL_FILTER} AND segment = '' AND (version = '' OR ${VERSION_FILTER})`,
    // What was found in single minutes counts while it is new.
    'ORDER BY final = 2 AND window_to > $__toTime - INTERVAL 10 MINUTE DESC, final = 1 DESC, window_to DESC, window_from DESC LIMIT 1 BY version, d.feature',
  ].join('\n');
}

const LEVEL_COLORS = {
  insufficient_data: 'text',
  stable: 'green',
  negligible: 'green',
  minor: 'yellow',
  moderate: 'orange',
  major: 'red',
} as const;

function driftColumns(links: readonly PanelLink[]): readonly TableColumn[] {
  const share = sharedUnit('feature_missing_ratio', 'feature_unseen_ratio');
  return [
    { name: 'feature', title: 'Feature', width: 170, links },
    { name: 'version', title: 'Version', width: 75 },
    { name: 'level', title: 'Level', width: 130, colors: LEVEL_COLORS },
    { name: 'psi_corrected', title: 'PSI', unit: sharedUnit('feature_psi'), decimals: 3, width: 75 },
    { name: 'ks_corrected', title: 'KS', unit: sharedUnit('feature_ks'), decimals: 3, width: 70 },
    { name: 'p_adjusted', title: 'p adjusted', unit: 'none', decimals: 4, width: 90 },
    { name: 'missing_reference', title: 'Missing before', unit: share, decimals: 1, width: 115 },
    { name: 'missing_current', title: 'now', unit: share, decimals: 1, width: 65 },
    { name: 'unseen', title: 'Unseen', unit: share, decimals: 1, width: 75 },
    { name: 'n_current', title: 'Rows', unit: 'short', width: 80 },
    { name: 'window_to', title: 'Until', unit: 'dateTimeAsIso', width: 165 },
    { name: 'window', title: 'Window', width: 95 },
    { name: 'reason', title: 'Reason', minWidth: 200, wrap: true },
  ];
}
