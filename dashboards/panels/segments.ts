import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { dashboardLink, SAME_MODEL } from '../../src/grafana/links.ts';
import { MODEL_FILTER, table } from '../../src/grafana/sql.ts';
import { tablePanel } from '../../src/grafana/table-panel.ts';
import type { Step } from '../../src/grafana/thresholds.ts';

/** Returns the table of segments by how much their share of the traffic and their scores have moved in a week. */
export function segmentDriftPanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Drift by segment',
      shows:
        'Shows for each segment its share of the traffic and its mean score beside those of the same hours a week before, and its part of the PSI of the mix.',
      from: 'table service_per_hour',
      act: 'A share that moved is a change of who asks; a score that moved in one segment only is where to look for the cause.',
      empty: 'The predictions of this model carry no segments.',
    },
    sortBy: { column: 'PSI of the mix', descending: true },
    columns: [
      {
        name: 'segment',
        title: 'Segment',
        minWidth: 160,
        links: [dashboardLink('This segment', 'model', [SAME_MODEL, 'var-segment=${__value.raw}'])],
      },
      { name: 'requests', title: 'Predictions', unit: 'short', width: 95 },
      { name: 'share', title: 'Share', unit: 'percentunit', decimals: 1, width: 70 },
      { name: 'share_before', title: 'A week before', unit: 'percentunit', decimals: 1, width: 110 },
      { name: 'mix_psi', title: 'PSI of the mix', unit: 'none', decimals: 4, width: 110, steps: PART_OF_PSI },
      { name: 'score', title: 'Mean score', unit: 'none', decimals: 3, width: 95 },
      { name: 'score_before', title: 'Score before', unit: 'none', decimals: 3, width: 100 },
      { name: 'score_moved', title: 'Moved by', unit: 'none', decimals: 3, width: 80 },
    ],
    target: clickHouseQuery({ refId: 'A', format: 'table', sql: segmentSql() }),
  });
}

/** One segment alone that gives this much is a moved mix. */
const PART_OF_PSI: readonly Step[] = [
  { value: null, color: 'transparent' },
  { value: 0.05, color: 'orange' },
  { value: 0.1, color: 'red' },
];

function segmentSql(): string {
  const begin = 'toStartOfHour($__fromTime)';
  const within = (days: number): string =>
    `(t >= ${begin} - INTERVAL ${days} DAY AND t <= $__toTime - INTERVAL ${days} DAY)`;
  const share = (column: string): string => `${column} / nullIf(sum(${column}) OVER (PARTITION BY key), 0)`;
  return [
    'SELECT segment, requests, share, share_before, if(share_before > 0, (share - share_before) * log(share / share_before), NULL) AS mix_psi, score, score_before, score - score_before AS score_moved FROM (',
    `SELECT segment, requests, ${share('requests')} AS share, ${share('requests_before')} AS share_before, score, score_before FROM (`,
    "SELECT segment, splitByChar('=', segment)[1] AS key, toFloat64(sumIf(s.requests, is_now)) AS requests, toFloat64(sumIf(s.requests, NOT is_now)) AS requests_before,",
    'sumIf(score_sum, is_now) / nullIf(sumIf(score_count, is_now), 0) AS score, sumIf(score_sum, NOT is_now) / nullIf(sumIf(score_count, NOT is_now), 0) AS score_before FROM (',
    `SELECT segment, requests, score_sum, score_count, t >= ${begin} AS is_now FROM ${table('service_per_hour')}`,
    `WHERE (${within(0)} OR ${within(7)}) AND ${MODEL_FILTER} AND segment != '') AS s GROUP BY segment)`,
    ') WHERE requests > 0 ORDER BY mix_psi DESC NULLS LAST, requests DESC LIMIT 50',
  ].join('\n');
}
