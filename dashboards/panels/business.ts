import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { COMBINED, MODEL_FILTER, sharedUnit, SIGNAL_TIME, signalRows } from '../../src/grafana/sql.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

/** Returns the chart of the model's business metrics, each in its own unit. */
export function businessMetricsPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Business metrics',
      shows: 'Shows each business number of the model per minute, under the name it was sent with.',
      from: 'signals business_<metric> in table signals',
      act: 'When it falls together with a panel below, that panel is where to look; when it falls alone, look outside the model.',
    },
    unit: sharedUnit('business_metric'),
    nameLabel: 'metric',
    units: ['usd', 'ratio', 'seconds', 'per_second'].map((suffix) => ({
      pattern: `/_${suffix}$/`,
      unit: sharedUnit(`business_metric_${suffix}`),
    })),
    targets: [clickHouseQuery({ refId: 'A', format: 'timeseries', sql: businessSql('NOT endsWith(signal, $SUFFIX)') })],
  });
}

/** Returns the chart of business metrics divided by their baseline. */
export function businessBaselinePanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Business against baseline',
      shows: 'Shows each business number divided by what is usual at this time; 100 % is as usual.',
      from: 'signals business_<metric>_vs_baseline_ratio in table signals',
      act: 'Below 85 % for long, compare with the deploys marked on the axis and consider going back one version.',
    },
    unit: sharedUnit('business_metric_vs_baseline_ratio'),
    nameLabel: 'metric',
    bands: [
      { value: null, color: 'red' },
      { value: 0.85, color: 'transparent' },
    ],
    targets: [clickHouseQuery({ refId: 'A', format: 'timeseries', sql: businessSql('endsWith(signal, $SUFFIX)') })],
  });
}

const BASELINE_SUFFIX = "'_vs_baseline_ratio'";

function businessSql(kind: string): string {
  const filter = `${MODEL_FILTER} AND startsWith(signal, 'business_') AND ${kind.replace('$SUFFIX', BASELINE_SUFFIX)}`;
  return [
    `SELECT ${SIGNAL_TIME}, replaceRegexpOne(signal, '^business_(.*?)(_vs_baseline_ratio)?$', '\\\\1') AS metric, ${COMBINED.avg} AS Value`,
    `FROM ${signalRows({ of: 'model', filter, columns: ['signal'], combine: 'avg' })}`,
    'GROUP BY time, metric ORDER BY time, metric',
  ].join('\n');
}
