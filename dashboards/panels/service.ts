import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import type { PanelLink } from '../../src/grafana/panel-text.ts';
import { SERVICE_BUCKET_SECONDS, SERVICE_TIME, serviceRows } from '../../src/grafana/service-sql.ts';
import { MODEL_FILTER, SEGMENT_FILTER, sharedUnit, signalSeriesSql, VERSION_FILTER } from '../../src/grafana/sql.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

const CHOSEN = `${MODEL_FILTER} AND ${SEGMENT_FILTER} AND ${VERSION_FILTER}`;

/** Returns the chart of predictions per second, stacked by version. */
export function trafficPanel(id: number, links: readonly PanelLink[]): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Traffic by version',
      shows: 'Shows predictions per second of each version, on top of each other.',
      from: 'tables service_per_minute and, beyond two days, service_per_hour; whole time buckets only',
      act: 'A version that takes over without a deploy mark is worth a question; traffic that stops is a broken caller or collector.',
    },
    unit: sharedUnit('requests_per_second'),
    nameLabel: 'version',
    stacked: true,
    links,
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `SELECT ${SERVICE_TIME}, version, sum(requests) / ${SERVICE_BUCKET_SECONDS} AS Value`,
          `FROM ${serviceRows(CHOSEN, ['version', 'requests'])}`,
          'GROUP BY time, version ORDER BY time, version',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the chart of the share of failed predictions by version, with its objective. */
export function errorsPanel(id: number, links: readonly PanelLink[]): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Errors by version',
      shows: 'Shows the share of predictions with status error, by version, and the objective as a dashed line.',
      from: 'tables service_per_minute and service_per_hour and signal slo_error_ratio',
      act: 'When one version only is above the line, take it out of service; when all are, look at inputs and GPUs.',
    },
    unit: sharedUnit('error_ratio', 'slo_error_ratio'),
    nameLabel: 'version',
    softMax: 0.01,
    dashed: [{ name: 'objective', color: 'red' }],
    links,
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `SELECT ${SERVICE_TIME}, version, sum(errors) / sum(requests) AS Value`,
          `FROM ${serviceRows(CHOSEN, ['version', 'errors', 'requests'])}`,
          'GROUP BY time, version ORDER BY time, version',
        ].join('\n'),
      }),
      clickHouseQuery({ refId: 'B', format: 'timeseries', sql: signalSeriesSql('slo_error_ratio', 'objective') }),
    ],
  });
}

/** Returns the chart of latency quantiles against the objective for the 99th percentile. */
export function latencyPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Latency against its objective',
      shows: 'Shows p50, p95 and p99 of the chosen versions, and the objective for p99 as a dashed line.',
      from: 'tables service_per_minute and service_per_hour (quantile sketches with 1 % relative error, merged over each bucket) and signal slo_latency_p99_seconds',
      act: 'When p99 alone rises, look for slow segments or pods; when p50 rises with it, look at the GPU panels below.',
    },
    unit: sharedUnit('latency_p50_seconds', 'latency_p95_seconds', 'latency_p99_seconds', 'slo_latency_p99_seconds'),
    columns: ['p50', 'p95', 'p99'],
    dashed: [{ name: 'objective for p99', color: 'red' }],
    targets: [
      clickHouseQuery({ refId: 'A', format: 'timeseries', sql: latencySql() }),
      clickHouseQuery({
        refId: 'B',
        format: 'timeseries',
        sql: signalSeriesSql('slo_latency_p99_seconds', 'objective for p99'),
      }),
    ],
  });
}

/** The array of quantiles stays inside: an array column in the answer is an error for Grafana. */
function latencySql(): string {
  return [
    'SELECT time, q[1] / 1000 AS p50, q[2] / 1000 AS p95, q[3] / 1000 AS p99 FROM (',
    `SELECT ${SERVICE_TIME}, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency) AS q`,
    `FROM ${serviceRows(CHOSEN, ['latency', 'latency_count'])}`,
    'GROUP BY time HAVING sum(latency_count) > 0) ORDER BY time',
  ].join('\n');
}
