import { alertAnnotations, changeAnnotations, handwrittenAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import type { Section } from '../src/grafana/layout.ts';
import type { PanelLink } from '../src/grafana/panel-text.ts';
import { DASHBOARD_UIDS, dashboardLink, PLUMBLINE, SAME_MODEL } from '../src/grafana/links.ts';
import { MODEL_FILTER, variable } from '../src/grafana/sql.ts';
import {
  addressVariable,
  dataSourceVariable,
  gpuVariable,
  modelVariable,
  segmentVariable,
  versionVariable,
} from '../src/grafana/variables.ts';
import { businessBaselinePanel, businessMetricsPanel } from './panels/business.ts';
import { featureDriftPanel, featuresByDriftPanel, predictionDriftPanel } from './panels/drift.ts';
import { gpuMemoryPanel, gpuUtilizationPanel, podsPanel } from './panels/gpu.ts';
import { nowPanels } from './panels/now.ts';
import { errorSizePanel, logLossPanel, performancePanel } from './panels/performance.ts';
import { retrainOutcomePanel } from './panels/retrain.ts';
import { errorsPanel, latencyPanel, trafficPanel } from './panels/service.ts';

/** Returns the dashboard of one model: business, traffic, latency, GPU, drift and quality on one time axis. */
export function oneModel(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.model,
    title: 'Plumbline / One model',
    description: 'Is it the inputs, the code, the GPU or the traffic? Everything about one model on one time axis.',
    variables: [
      dataSourceVariable('clickhouse'),
      dataSourceVariable('prometheus'),
      modelVariable(),
      versionVariable(),
      segmentVariable(),
      gpuVariable(MODEL_FILTER),
      addressVariable(),
    ],
    annotations: [
      handwrittenAnnotations(),
      changeAnnotations({ name: 'Deploys', kinds: ['deploy', 'rollout'], color: 'blue' }),
      changeAnnotations({ name: 'Retrains', kinds: ['retrain'], color: 'purple' }),
      changeAnnotations({ name: 'Other changes', kinds: ['backfill', 'config', 'node', 'other'], color: 'yellow' }),
      alertAnnotations(),
    ],
    links: [{ title: 'Open in Plumbline', url: `${PLUMBLINE}/models/${MODEL_IN_URL}` }],
    sections: [nowSection(), businessSection(), servingSection(), gpuSection(), driftSection(), qualitySection()],
  });
}

const MODEL_IN_URL = variable('model', 'percentencode');

const ONLY_THIS_VERSION = dashboardLink('Only this version', 'model', [
  SAME_MODEL,
  'var-version=${__field.labels.version}',
]);

const THIS_FEATURE = dashboardLink('This feature', 'featureDrift', [SAME_MODEL, 'var-feature=${__value.raw}']);

const THIS_FEATURE_OF_SERIES = dashboardLink('This feature', 'featureDrift', [
  SAME_MODEL,
  'var-feature=${__field.labels.feature}',
]);

const DRIFT_NUMBERS: PanelLink = {
  title: 'Numbers and SQL of this model in Plumbline',
  url: `${PLUMBLINE}/v1/models/${MODEL_IN_URL}/drift?from=\${__from:date:iso}&to=\${__to:date:iso}`,
};

function nowSection(): Section {
  const panels = nowPanels({ traffic: 1, errors: 2, latency: 3, gpu: 4, drift: 5, accuracy: 6, coverage: 7, age: 8 });
  return { id: 101, title: 'Now', lines: [{ height: 4, panels: panels.map((panel) => ({ width: 3, panel })) }] };
}

function businessSection(): Section {
  return {
    id: 102,
    title: 'Business: does it cost us?',
    lines: [
      {
        height: 9,
        panels: [
          { width: 12, panel: businessMetricsPanel(10) },
          { width: 12, panel: businessBaselinePanel(11) },
        ],
      },
    ],
  };
}

function servingSection(): Section {
  return {
    id: 103,
    title: 'Serving: do callers get answers in time?',
    lines: [
      {
        height: 9,
        panels: [
          { width: 12, panel: trafficPanel(20, [ONLY_THIS_VERSION]) },
          { width: 12, panel: errorsPanel(21, [ONLY_THIS_VERSION]) },
        ],
      },
      { height: 10, panels: [{ width: 24, panel: latencyPanel(22) }] },
    ],
  };
}

function gpuSection(): Section {
  return {
    id: 104,
    title: 'GPU: is the machine the limit?',
    lines: [
      {
        height: 9,
        panels: [
          { width: 12, panel: gpuUtilizationPanel(30) },
          { width: 12, panel: gpuMemoryPanel(31) },
        ],
      },
      { height: 6, panels: [{ width: 24, panel: podsPanel(32) }] },
    ],
  };
}

function driftSection(): Section {
  return {
    id: 105,
    title: 'Inputs and predictions: are they what the model learned from?',
    lines: [
      { height: 12, panels: [{ width: 24, panel: featureDriftPanel(40, [THIS_FEATURE_OF_SERIES]) }] },
      {
        height: 9,
        panels: [
          { width: 18, panel: predictionDriftPanel(41) },
          { width: 6, panel: retrainOutcomePanel(43) },
        ],
      },
      { height: 12, panels: [{ width: 24, panel: featuresByDriftPanel(42, [THIS_FEATURE, DRIFT_NUMBERS]) }] },
    ],
  };
}

function qualitySection(): Section {
  return {
    id: 106,
    title: 'Quality: is it right?',
    lines: [
      {
        height: 9,
        panels: [
          { width: 12, panel: performancePanel(50) },
          { width: 6, panel: logLossPanel(52) },
          { width: 6, panel: errorSizePanel(51) },
        ],
      },
    ],
  };
}
