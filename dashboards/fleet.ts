import { commonAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import { DASHBOARD_UIDS, PLUMBLINE } from '../src/grafana/links.ts';
import { addressVariable, dataSourceVariable } from '../src/grafana/variables.ts';
import { teamCostPanel } from './panels/cost.ts';
import { busiestPanel, costPanel, fleetStats, healthPanel } from './panels/fleet.ts';
import { fleetTablePanel } from './panels/fleet-table.ts';

/** Returns the dashboard of all models: which of them need somebody now, and what the fleet costs. */
export function fleet(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.fleet,
    title: 'Plumbline / Fleet',
    description: 'Which models need me now, and what is the fleet costing?',
    variables: [dataSourceVariable('clickhouse'), dataSourceVariable('prometheus'), addressVariable()],
    annotations: commonAnnotations("model != ''"),
    links: [{ title: 'Open in Plumbline', url: `${PLUMBLINE}/` }],
    sections: [
      {
        id: 101,
        title: 'Now',
        lines: [
          { height: 4, panels: fleetStats(1).map((panel) => ({ width: 4, panel })) },
          { height: 12, panels: [{ width: 24, panel: fleetTablePanel(10) }] },
        ],
      },
      {
        id: 102,
        title: 'Since when?',
        lines: [
          { height: 14, panels: [{ width: 24, panel: healthPanel(20) }] },
          {
            height: 10,
            panels: [
              { width: 12, panel: busiestPanel(21) },
              { width: 6, panel: costPanel(22) },
              { width: 6, panel: teamCostPanel(23) },
            ],
          },
        ],
      },
    ],
  });
}
