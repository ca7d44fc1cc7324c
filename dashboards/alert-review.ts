import { commonAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import { DASHBOARD_UIDS } from '../src/grafana/links.ts';
import { MODELS_FILTER } from '../src/grafana/sql.ts';
import { dataSourceVariable, modelsVariable } from '../src/grafana/variables.ts';
import {
  acknowledgeStat,
  avoidedAlarmsPanel,
  avoidedStat,
  pagesByRulePanel,
  silencesPanel,
} from './panels/alert-quality.ts';
import {
  alertsByDayPanel,
  alertStats,
  alertTablePanel,
  deliveriesPanel,
  hourOfDayPanel,
  newestAlertsPanel,
  noisyModelsPanel,
} from './panels/alerts.ts';

/** Returns the dashboard of past alerts: were our pages worth waking for? */
export function alertReview(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.alerts,
    title: 'Plumbline / Alert review',
    description: 'Are our pages worth waking for?',
    from: 'now-14d',
    variables: [dataSourceVariable('clickhouse'), dataSourceVariable('prometheus'), modelsVariable()],
    annotations: commonAnnotations(MODELS_FILTER),
    links: [],
    sections: [
      {
        id: 101,
        title: 'How many, and how long?',
        lines: [
          {
            height: 4,
            panels: [...alertStats(1), acknowledgeStat(5), avoidedStat(6)].map((panel) => ({ width: 4, panel })),
          },
          {
            height: 10,
            panels: [
              { width: 14, panel: alertsByDayPanel(10) },
              { width: 10, panel: hourOfDayPanel(11) },
            ],
          },
        ],
      },
      {
        id: 102,
        title: 'Which rules and models?',
        lines: [
          {
            height: 12,
            panels: [
              { width: 14, panel: alertTablePanel(20) },
              { width: 10, panel: pagesByRulePanel(22) },
            ],
          },
          {
            height: 12,
            panels: [
              { width: 14, panel: avoidedAlarmsPanel(23) },
              { width: 10, panel: noisyModelsPanel(21) },
            ],
          },
        ],
      },
      {
        id: 103,
        title: 'What came of them?',
        lines: [
          {
            height: 14,
            panels: [{ width: 24, panel: newestAlertsPanel(31) }],
          },
          {
            height: 9,
            panels: [
              { width: 12, panel: deliveriesPanel(30) },
              { width: 12, panel: silencesPanel(32) },
            ],
          },
        ],
      },
    ],
  });
}
