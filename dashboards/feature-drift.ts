import { commonAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import type { Section } from '../src/grafana/layout.ts';
import { DASHBOARD_UIDS, dashboardLink, PLUMBLINE, SAME_MODEL, toOneModel } from '../src/grafana/links.ts';
import { MODEL_FILTER, variable } from '../src/grafana/sql.ts';
import {
  addressVariable,
  dataSourceVariable,
  featureVariable,
  modelVariable,
  versionVariable,
} from '../src/grafana/variables.ts';
import { featureDriftPanel, featuresByDriftPanel } from './panels/drift.ts';
import {
  categorySharesPanel,
  featureNumbersPanel,
  histogramPanel,
  quantileFanPanel,
  scoreBySegmentPanel,
} from './panels/feature.ts';
import { segmentDriftPanel } from './panels/segments.ts';
import { signalByFeature } from './panels/signal-charts.ts';

/** Returns the dashboard of one model's features: which of them moved, since when, and how. */
export function featureDrift(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.featureDrift,
    title: 'Plumbline / Feature drift',
    description: 'Which feature moved, since when, and how?',
    variables: [
      dataSourceVariable('clickhouse'),
      dataSourceVariable('prometheus'),
      modelVariable(),
      versionVariable(),
      featureVariable(),
      addressVariable(),
    ],
    annotations: commonAnnotations(),
    links: [
      toOneModel(SAME_MODEL),
      { title: 'Open in Plumbline', url: `${PLUMBLINE}/models/${variable('model', 'percentencode')}` },
    ],
    sections: [whichSection(), howSection(), whereSection()],
  });
}

/** Chooses the feature of the lower half. */
const choose = (feature: string) => dashboardLink('Look at this feature', 'featureDrift', [SAME_MODEL, feature]);
const OF_CELL = choose('var-feature=${__value.raw}');

function whichSection(): Section {
  const ofSeries = choose('var-feature=${__field.labels.series}');
  return {
    id: 101,
    title: 'Which features moved, and since when?',
    lines: [
      {
        height: 12,
        panels: [{ width: 24, panel: featureDriftPanel(1, [choose('var-feature=${__field.labels.feature}')]) }],
      },
      {
        height: 10,
        panels: [
          {
            width: 12,
            panel: signalByFeature({
              id: 2,
              title: 'Missing by feature',
              signal: 'feature_missing_ratio',
              act: 'A step up is a broken pipeline or join: look at its owner and at the deploys marked on the axis.',
              softMax: 0.05,
              links: [ofSeries],
            }),
          },
          {
            width: 12,
            panel: signalByFeature({
              id: 3,
              title: 'Unseen by feature',
              signal: 'feature_unseen_ratio',
              act: 'New categories or values out of range: check the unit, then whether the reference is still the right one.',
              softMax: 0.05,
              links: [ofSeries],
            }),
          },
        ],
      },
      { height: 12, panels: [{ width: 24, panel: featuresByDriftPanel(4, [OF_CELL]) }] },
    ],
  };
}

function howSection(): Section {
  return {
    id: 102,
    title: 'How did the chosen feature move?',
    lines: [
      {
        height: 11,
        panels: [
          { width: 14, panel: histogramPanel(10) },
          {
            width: 10,
            panel: featureNumbersPanel(11, `${MODEL_FILTER} AND feature = ${variable('feature', 'singlequote')}`),
          },
        ],
      },
      {
        height: 10,
        panels: [
          { width: 12, panel: quantileFanPanel(12) },
          { width: 12, panel: categorySharesPanel(13) },
        ],
      },
    ],
  };
}

function whereSection(): Section {
  return {
    id: 103,
    title: 'In which part of the traffic?',
    lines: [
      {
        height: 10,
        panels: [
          { width: 14, panel: segmentDriftPanel(15) },
          { width: 10, panel: scoreBySegmentPanel(14) },
        ],
      },
    ],
  };
}
