import { barChartPanel } from '../../src/grafana/bar-chart-panel.ts';
import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { NEWEST, scopeFilter, sharedUnit, table } from '../../src/grafana/sql.ts';

/** Returns the bars of what the models of each team cost an hour; a team is the namespace that its pods run in. */
export function teamCostPanel(id: number): PlacedPanel {
  return barChartPanel({
    text: {
      id,
      title: 'Cost by team',
      shows:
        'Shows the newest cost of serving in US dollars an hour by namespace of Kubernetes, as GPU samples tell where a model runs.',
      from: 'signal cost_per_hour_usd in table signals and table gpu_samples',
      act: 'Ask the team at the top which of its models could share a GPU; models without a GPU sample stand as elsewhere.',
      empty: 'No model tells what it costs.',
    },
    unit: sharedUnit('cost_per_hour_usd'),
    category: 'team',
    horizontal: true,
    decimals: 2,
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        `SELECT if(p.namespace = '', '(elsewhere)', p.namespace) AS team, sum(c.cost) AS "USD an hour" FROM (`,
        `SELECT model, argMax(value, t) AS cost FROM ${table('signals_by_day')} FINAL WHERE ${NEWEST} AND signal = 'cost_per_hour_usd' AND model != '' AND ${scopeFilter('model')} GROUP BY model) AS c`,
        `LEFT JOIN (SELECT model, toString(argMax(namespace, ts)) AS namespace FROM ${table('gpu_samples')} WHERE ts > $__toTime - INTERVAL 15 MINUTE AND ts <= $__toTime AND signal = 'gpu_utilization_ratio' AND model != '' GROUP BY model) AS p ON c.model = p.model`,
        'GROUP BY team ORDER BY 2 DESC, team LIMIT 20',
      ].join('\n'),
    }),
  });
}
