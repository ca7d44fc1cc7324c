import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { MODEL_FILTER, table } from '../../src/grafana/sql.ts';
import { tablePanel } from '../../src/grafana/table-panel.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

/** Returns the chart of refused records by kind. */
export function deadLettersPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Refused records by kind',
      shows: 'Shows the records of all senders that could not be read, in each span of time, by kind.',
      from: 'table dead_letters',
      act: 'A burst after a deploy of a sender is that sender: the table below says what is wrong.',
    },
    unit: 'short',
    nameLabel: 'kind',
    stacked: true,
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          'SELECT $__timeInterval(received) AS time, kind, count() AS Value',
          `FROM ${table('dead_letters')} WHERE $__timeFilter(received)`,
          'GROUP BY time, kind ORDER BY time, kind',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the table of what is wrong with refused records. */
export function deadLetterTablePanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Why records were refused',
      shows: 'Shows each reason with the field, the number of records and the newest example.',
      from: 'table dead_letters',
      act: 'Send the example to the owner of the sender; the records are kept and can be sent again once mended.',
    },
    sortBy: { column: 'Records', descending: true },
    columns: [
      { name: 'kind', title: 'Kind', width: 110 },
      { name: 'field', title: 'Field', width: 200 },
      { name: 'reason', title: 'Reason', width: 380 },
      { name: 'records', title: 'Records', unit: 'short', width: 100 },
      { name: 'last', title: 'Last', unit: 'dateTimeAsIso', width: 170 },
      { name: 'example', title: 'Example' },
    ],
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        'SELECT kind, field, reason, count() AS records, max(received) AS last, substring(argMax(line, received), 1, 200) AS example',
        `FROM ${table('dead_letters')} WHERE $__timeFilter(received)`,
        'GROUP BY kind, field, reason ORDER BY records DESC LIMIT 100',
      ].join('\n'),
    }),
  });
}

/** Returns the chart of records that came late. */
export function latePanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Late records and delay',
      shows:
        'Shows the share of all records that came after their minute had been evaluated, and the mean time from a record to its being stored.',
      from: 'table ingest_receipts',
      act: 'Late records are counted in their own minute, which is evaluated again; a lasting share means that the senders batch too long.',
    },
    unit: 'percentunit',
    columns: ['late', 'mean delay'],
    units: [{ pattern: '/delay/', unit: 's' }],
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          'SELECT $__timeInterval(received) AS time, sum(late) / sum(accepted) AS late, sum(delay_ms) / 1000 / sum(accepted) AS "mean delay"',
          `FROM ${table('ingest_receipts')} WHERE $__timeFilter(received)`,
          'GROUP BY time HAVING sum(accepted) > 0 ORDER BY time',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the chart of how many rows the drift windows rest on. */
export function windowSizePanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Rows behind each drift verdict',
      shows:
        'Shows the smallest and the largest number of values that the verdicts of a closed window rest on, over features, and how many features had too few for a verdict.',
      from: 'table drift_results',
      act: 'Where features have too few rows, lengthen the window of the model or judge a coarser segment.',
    },
    unit: 'short',
    columns: ['fewest rows', 'most rows', 'features with too few'],
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          'SELECT $__timeInterval(window_to) AS time, min(n_current) AS "fewest rows", max(n_current) AS "most rows", uniqExactIf(feature, level = \'insufficient_data\') AS "features with too few"',
          `FROM ${table('drift_results')} FINAL WHERE $__timeFilter(window_to) AND ${MODEL_FILTER} AND final = 1 AND segment = ''`,
          'GROUP BY time ORDER BY time',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the chart of labels that arrive. */
export function labelDelayPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'Labels that arrive',
      shows:
        'Shows the labels of the model received in each span of time, and the median time from the event that made a label to its arrival.',
      from: 'table labels',
      act: 'When labels stop, quality stands still at its last number: mend the flow before you believe it.',
    },
    unit: 'short',
    columns: ['labels', 'median delay'],
    units: [{ pattern: '/delay/', unit: 's' }],
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          'SELECT $__timeInterval(received) AS time, count() AS labels, greatest(0, quantile(0.5)(dateDiff(\'second\', label_ts, received))) AS "median delay"',
          `FROM ${table('labels')} WHERE $__timeFilter(received) AND (${MODEL_FILTER} OR model = '')`,
          'GROUP BY time ORDER BY time',
        ].join('\n'),
      }),
    ],
  });
}
