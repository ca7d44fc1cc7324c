import { barChartPanel } from '../../src/grafana/bar-chart-panel.ts';
import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { SERVICE_TIME, serviceRows } from '../../src/grafana/service-sql.ts';
import {
  COMBINED,
  MODEL_FILTER,
  scopeFilter,
  sharedUnit,
  SIGNAL_TIME,
  signalRows,
  sqlList,
  table,
  variable,
  VERSION_FILTER,
} from '../../src/grafana/sql.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

const FEATURE = variable('feature', 'singlequote');

/** The frozen bins of the chosen feature: one row. */
const GRID = `SELECT grid_id, kind, groups, upper_edges, category_values FROM ${table('feature_grids')} FINAL WHERE ${MODEL_FILTER} AND feature = ${FEATURE}`;

/** Counts of the chosen feature by bin, in the time range. */
const BINS = `${table('feature_histogram')} WHERE grid_id IN (SELECT grid_id FROM (${GRID})) AND $__timeFilter(t) AND ${VERSION_FILTER}`;

/** Returns the bars of the chosen feature: its share by decile or category in the reference and in the time range. */
export function histogramPanel(id: number): PlacedPanel {
  return barChartPanel({
    text: {
      id,
      title: 'Reference and now: $feature',
      shows:
        'Shows how the values of the chosen feature spread over the deciles of its reference, or over its categories: share in the reference and share in the time range.',
      from: 'tables feature_histogram, feature_grids and reference_profiles',
      act: 'Bars that moved sideways are a shift of the values, one tall bar is a value that took over, and unseen is what the model never learned.',
    },
    unit: 'percentunit',
    category: 'bucket',
    decimals: 1,
    colors: { reference: 'blue', 'time range': 'orange' },
    target: clickHouseQuery({ refId: 'A', format: 'table', sql: histogramSql() }),
  });
}

/** Decile of a number (0 to 9), or code of a category (0 is unseen). */
const GROUP = "if(kind = 'categorical', bin, groups[bin + 1])";

function histogramSql(): string {
  const reference = [
    `SELECT ${GROUP} AS place, sum(h[bin + 1]) AS n FROM (SELECT argMax(h, created) AS h, grid_id FROM ${table('reference_profiles')} WHERE ${MODEL_FILTER} GROUP BY grid_id) AS r`,
    `INNER JOIN (${GRID}) AS g ON r.grid_id = g.grid_id ARRAY JOIN range(250) AS bin GROUP BY place`,
  ].join('\n');
  const current = `SELECT ${GROUP} AS place, sum(n) AS n FROM (SELECT grid_id, bin, sum(n) AS n FROM ${BINS} AND bin < 250 GROUP BY grid_id, bin) AS c INNER JOIN (${GRID}) AS g ON c.grid_id = g.grid_id GROUP BY place`;
  return [
    "SELECT multiIf(kind = 'categorical' AND place = 0, '(unseen)', kind = 'categorical', category_values[place],",
    "concat('to ', toString(round(arrayMax(arrayFilter((e, i) -> i = place AND isFinite(e), upper_edges, groups)), 4)))) AS bucket,",
    'reference, "time range" FROM (',
    'SELECT place, sumIf(n, is_reference) / greatest(1, sum(sumIf(n, is_reference)) OVER ()) AS reference, sumIf(n, NOT is_reference) / greatest(1, sum(sumIf(n, NOT is_reference)) OVER ()) AS "time range" FROM (',
    `SELECT place, n, true AS is_reference FROM (${reference}) UNION ALL SELECT place, n, false AS is_reference FROM (${current})`,
    `) GROUP BY place HAVING sum(n) > 0) AS shares CROSS JOIN (${GRID}) AS g ORDER BY place LIMIT 60`,
  ].join('\n');
}

/** Returns the chart of the drift of the chosen feature in numbers. */
export function featureNumbersPanel(id: number, filter: string): PlacedPanel {
  const signals = ['feature_psi', 'feature_ks', 'feature_missing_ratio', 'feature_unseen_ratio'];
  const rows = `${filter} AND signal IN (${sqlList(signals)}) AND ${scopeFilter('feature')}`;
  return timeSeriesPanel({
    text: {
      id,
      title: 'PSI, KS, missing and unseen: $feature',
      shows:
        'Shows the noise-corrected PSI and the KS distance of the sliding window, and the shares that are missing and unseen, for the chosen feature.',
      from: `signals ${signals.join(', ')} in table signals`,
      act: 'PSI and missing rising together is a pipeline; PSI alone is the world, or the unit of the values.',
    },
    unit: 'none',
    nameLabel: 'series',
    units: [{ pattern: '/missing|unseen/', unit: sharedUnit('feature_missing_ratio', 'feature_unseen_ratio') }],
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `SELECT ${SIGNAL_TIME}, replaceRegexpOne(signal, '^feature_(.*?)(_ratio)?$', '\\\\1') AS series, ${COMBINED.max} AS Value`,
          `FROM ${signalRows({ of: 'model', filter: rows, columns: ['signal'], combine: 'max' })}`,
          'GROUP BY time, series ORDER BY time, series',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the fan of quantiles of the chosen feature over time; empty for categories. */
export function quantileFanPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Quantiles over time: $feature',
      shows:
        'Shows the 5th, 25th, 50th, 75th and 95th percentile of the chosen numeric feature, to the width of one of its 250 bins; empty for a feature of categories.',
      from: 'table feature_histogram',
      act: 'All lines jumping by one factor is a change of unit; the outer ones moving away is a new group of inputs.',
      empty: 'This feature has categories, no numbers: see the chart beside.',
    },
    unit: 'short',
    columns: ['p05', 'p25', 'p50', 'p75', 'p95'],
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          // One row of arrays as a constant: a join would carry them along with every count.
          `WITH (SELECT any(upper_edges) FROM (${GRID}) WHERE kind = 'numeric') AS edges`,
          'SELECT time, q[1] AS p05, q[2] AS p25, q[3] AS p50, q[4] AS p75, q[5] AS p95 FROM (',
          'SELECT time, quantilesExactWeighted(0.05, 0.25, 0.5, 0.75, 0.95)(edges[bin + 1], n) AS q FROM (',
          `SELECT $__timeInterval(t) AS time, bin, sum(n) AS n FROM ${BINS} AND bin < 249 AND notEmpty(edges) GROUP BY time, bin)`,
          'GROUP BY time) ORDER BY time',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the chart of the shares of the commonest categories of the chosen feature; empty for numbers. */
export function categorySharesPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Categories over time: $feature',
      shows:
        'Shows the share of the eight commonest values of the reference, and of all unseen values together, for a feature of categories; empty for numbers.',
      from: 'table feature_histogram',
      act: 'Unseen rising is a new value upstream; one share eating the others is a default that took over.',
      empty: 'This feature has numbers, no categories: see the chart beside.',
    },
    unit: 'percentunit',
    max: 1,
    nameLabel: 'series',
    stacked: true,
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `WITH (SELECT any(category_values) FROM (${GRID}) WHERE kind = 'categorical') AS names`,
          'SELECT time, series, n / sum(n) OVER (PARTITION BY time) AS Value FROM (',
          "SELECT time, multiIf(bin = 0, '(unseen)', bin <= 8, names[bin], '(others)') AS series, sum(n) AS n FROM (",
          `SELECT $__timeInterval(t) AS time, bin, sum(n) AS n FROM ${BINS} AND bin < 250 AND notEmpty(names) GROUP BY time, bin)`,
          'GROUP BY time, series) ORDER BY time, series',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the chart of the mean score of each segment. */
export function scoreBySegmentPanel(id: number): PlacedPanel {
  const columns = ['segment', 'score_sum', 'score_count'];
  return timeSeriesPanel({
    text: {
      id,
      title: 'Mean score by segment',
      shows: 'Shows the mean score of the predictions of each of the ten largest segments of the model.',
      from: 'tables service_per_minute and, beyond two days, service_per_hour',
      empty: 'The predictions of this model carry no segments, or no scores.',
      act: 'One segment that leaves the others is where the drift comes from; all of them moving is the model or a shared feature.',
    },
    unit: 'none',
    nameLabel: 'series',
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          'SELECT time, series, Value FROM (SELECT time, series, Value, dense_rank() OVER (ORDER BY size DESC, series) AS place FROM (',
          'SELECT time, series, Value, sum(n) OVER (PARTITION BY series) AS size FROM (',
          `SELECT ${SERVICE_TIME}, segment AS series, sum(score_sum) / sum(score_count) AS Value, sum(score_count) AS n`,
          `FROM ${serviceRows(`${MODEL_FILTER} AND segment != '' AND ${VERSION_FILTER}`, columns)}`,
          'GROUP BY time, series HAVING n > 0))) WHERE place <= 10 ORDER BY time, series',
        ].join('\n'),
      }),
    ],
  });
}
