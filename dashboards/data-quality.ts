import { commonAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import type { PlacedPanel, Section } from '../src/grafana/layout.ts';
import { DASHBOARD_UIDS, dashboardLink, SAME_MODEL, toOneModel } from '../src/grafana/links.ts';
import { dataSourceVariable, modelVariable } from '../src/grafana/variables.ts';
import {
  deadLettersPanel,
  deadLetterTablePanel,
  labelDelayPanel,
  latePanel,
  windowSizePanel,
} from './panels/quality.ts';
import { signalByFeature, signalStat } from './panels/signal-charts.ts';

/** Returns the dashboard of the data itself: can the inputs, and our own numbers about them, be trusted? */
export function dataQuality(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.dataQuality,
    title: 'Plumbline / Data quality',
    description: 'Can I trust the inputs, and our own drift and quality numbers about them?',
    variables: [dataSourceVariable('clickhouse'), dataSourceVariable('prometheus'), modelVariable()],
    annotations: commonAnnotations(),
    links: [toOneModel(SAME_MODEL), dashboardLink('Features of this model', 'featureDrift', [SAME_MODEL])],
    sections: [nowSection(), inputSection(), arrivalSection(), trustSection()],
  });
}

const FEATURE_LINK = dashboardLink('This feature', 'featureDrift', [
  SAME_MODEL,
  'var-feature=${__field.labels.series}',
]);

function line(height: number, ...panels: readonly PlacedPanel[]): Section['lines'][number] {
  return { height, panels: panels.map((panel) => ({ width: 24 / panels.length, panel })) };
}

function nowSection(): Section {
  const red = [
    { value: null, color: 'green' },
    { value: 1, color: 'red' },
  ];
  return {
    id: 101,
    title: 'Now',
    lines: [
      line(
        4,
        signalStat({
          id: 1,
          title: 'Features gone bad',
          signal: 'feature_incidents',
          act: 'Look at missing and unseen below.',
          steps: red,
        }),
        signalStat({
          id: 2,
          title: 'Largest rise of missing',
          signal: 'missing_increase_ratio',
          act: 'Above 20 % the model is guessing.',
          steps: [
            { value: null, color: 'green' },
            { value: 0.05, color: 'orange' },
            { value: 0.2, color: 'red' },
          ],
        }),
        signalStat({
          id: 3,
          title: 'Drift alarms',
          signal: 'drift_alarms',
          act: 'Read the reason of each on the page of its feature.',
          steps: red,
        }),
        signalStat({
          id: 4,
          title: 'Label coverage',
          signal: 'label_coverage_ratio',
          act: 'Below one half, read quality with care.',
        }),
      ),
    ],
  };
}

function inputSection(): Section {
  return {
    id: 102,
    title: 'Inputs: are values there, and ones that the model knows?',
    lines: [
      line(
        10,
        signalByFeature({
          id: 10,
          title: 'Missing',
          signal: 'feature_missing_ratio',
          act: 'A step is a pipeline; a slope is a source that dies out.',
          softMax: 0.05,
          links: [FEATURE_LINK],
        }),
        signalByFeature({
          id: 11,
          title: 'Unseen',
          signal: 'feature_unseen_ratio',
          act: 'Check units first, then new categories, then the age of the reference.',
          softMax: 0.05,
          links: [FEATURE_LINK],
        }),
      ),
      line(
        8,
        signalByFeature({
          id: 12,
          title: 'Gone null, constant or strange',
          signal: 'feature_incidents',
          act: 'Each 1 is a feature that broke within minutes: call its owner.',
          links: [FEATURE_LINK],
        }),
      ),
    ],
  };
}

function arrivalSection(): Section {
  return {
    id: 103,
    title: 'Arrival: do records come whole and in time?',
    lines: [line(10, deadLettersPanel(20), latePanel(21)), line(10, deadLetterTablePanel(22))],
  };
}

function trustSection(): Section {
  return {
    id: 104,
    title: 'Trust: do our numbers rest on enough?',
    lines: [line(10, windowSizePanel(30), labelDelayPanel(31))],
  };
}
