import { commonAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import type { Section } from '../src/grafana/layout.ts';
import { DASHBOARD_UIDS, MODEL_OF_SERIES, toOneModel } from '../src/grafana/links.ts';
import { MODELS_FILTER } from '../src/grafana/sql.ts';
import type { Step } from '../src/grafana/thresholds.ts';
import { dataSourceVariable, modelsVariable } from '../src/grafana/variables.ts';
import { budgetLeftPanel, objectivesTablePanel, objectiveStats } from './panels/objectives.ts';
import { signalByModel } from './panels/signal-charts.ts';

/** Returns the dashboard of objectives: how much of each error budget is left, and how fast it goes. */
export function objectives(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.objectives,
    title: 'Plumbline / Objectives',
    description:
      'How much of each error budget is left, and how fast is it used up? The budget is that of the time range shown.',
    from: 'now-30d',
    variables: [
      dataSourceVariable('clickhouse'),
      dataSourceVariable('prometheus'),
      modelsVariable({ signals: ['slo_error_ratio', 'slo_latency_p99_seconds'] }),
    ],
    annotations: commonAnnotations(MODELS_FILTER),
    links: [],
    sections: [leftSection(), burnSection()],
  });
}

const LINKS = [toOneModel(MODEL_OF_SERIES)];

function leftSection(): Section {
  return {
    id: 101,
    title: 'How much is left?',
    lines: [
      { height: 4, panels: objectiveStats(1).map((panel) => ({ width: 8, panel })) },
      { height: 12, panels: [{ width: 24, panel: objectivesTablePanel(10) }] },
      { height: 10, panels: [{ width: 24, panel: budgetLeftPanel(11) }] },
    ],
  };
}

/** Rates that use up a 30-day budget in about two days, and in about five. */
const PAGE_FROM = 14.4;
const LOOK_FROM = 6;

const BURN: readonly Step[] = [
  { value: null, color: 'transparent' },
  { value: LOOK_FROM, color: 'orange' },
  { value: PAGE_FROM, color: 'red' },
];

function burnSection(): Section {
  const rules = `Above ${PAGE_FROM} over an hour and over five minutes it pages; above ${LOOK_FROM} over six hours, look today.`;
  return {
    id: 102,
    title: 'How fast does it go?',
    lines: [
      {
        height: 10,
        panels: [
          {
            width: 12,
            panel: signalByModel({
              id: 20,
              title: 'Errors, over an hour',
              signal: 'error_budget_burn_1h',
              act: rules,
              bands: BURN,
              links: LINKS,
            }),
          },
          {
            width: 12,
            panel: signalByModel({
              id: 21,
              title: 'Errors, over six hours',
              signal: 'error_budget_burn_6h',
              act: rules,
              bands: BURN,
              links: LINKS,
            }),
          },
        ],
      },
      {
        height: 10,
        panels: [
          {
            width: 12,
            panel: signalByModel({
              id: 22,
              title: 'Latency, over an hour',
              signal: 'latency_budget_burn_1h',
              act: rules,
              bands: BURN,
              links: LINKS,
            }),
          },
          {
            width: 12,
            panel: signalByModel({
              id: 23,
              title: 'Latency, over six hours',
              signal: 'latency_budget_burn_6h',
              act: rules,
              bands: BURN,
              links: LINKS,
            }),
          },
        ],
      },
    ],
  };
}
