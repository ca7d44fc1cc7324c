import { commonAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import type { PlacedPanel, Section } from '../src/grafana/layout.ts';
import { DASHBOARD_UIDS, MODEL_OF_SERIES, toOneModel } from '../src/grafana/links.ts';
import { GPU_FILTER, MODELS_FILTER } from '../src/grafana/sql.ts';
import type { Step } from '../src/grafana/thresholds.ts';
import { dataSourceVariable, gpuVariable, modelsVariable } from '../src/grafana/variables.ts';
import { gpuEventsPanel, gpuTablePanel, gpuUseGapPanel } from './panels/gpu-fleet.ts';
import { signalByGpu, signalByModel } from './panels/signal-charts.ts';

/** Returns the dashboard of all GPUs: broken first, then full, then wasted. */
export function gpuFleet(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.gpuFleet,
    title: 'Plumbline / GPU fleet',
    description: 'Are GPUs broken, full or wasted?',
    variables: [
      dataSourceVariable('clickhouse'),
      dataSourceVariable('prometheus'),
      modelsVariable({ signals: ['gpu_utilization_ratio'] }),
      gpuVariable(MODELS_FILTER),
    ],
    annotations: commonAnnotations(MODELS_FILTER),
    links: [],
    sections: [brokenSection(), fullSection(), wastedSection()],
  });
}

const CHOSEN = `${MODELS_FILTER} AND ${GPU_FILTER}`;
const LINKS = [toOneModel(MODEL_OF_SERIES)];

const from = (value: number, color = 'red'): readonly Step[] => [
  { value: null, color: 'transparent' },
  { value, color },
];

function halves(...panels: readonly PlacedPanel[]): readonly { readonly width: number; readonly panel: PlacedPanel }[] {
  return panels.map((panel) => ({ width: 24 / panels.length, panel }));
}

function brokenSection(): Section {
  return {
    id: 101,
    title: 'Broken: what must be taken out of service?',
    lines: [
      {
        height: 10,
        panels: halves(
          gpuEventsPanel(1, CHOSEN),
          signalByGpu(
            {
              id: 2,
              title: 'Throttled',
              signal: 'gpu_throttled_ratio',
              act: 'Clocks held down by heat or power explain latency without load: look at the temperature, then at the node.',
              bands: from(0.1, 'orange'),
              softMax: 0.2,
            },
            CHOSEN,
          ),
        ),
      },
      { height: 12, panels: [{ width: 24, panel: gpuTablePanel(3, CHOSEN) }] },
    ],
  };
}

function fullSection(): Section {
  return {
    id: 102,
    title: 'Full: where does more traffic become latency?',
    lines: [
      {
        height: 10,
        panels: halves(
          signalByGpu(
            {
              id: 10,
              title: 'Busy',
              signal: 'gpu_utilization_ratio',
              act: 'Above 85 % add replicas before you raise batch sizes.',
              bands: from(0.85),
            },
            CHOSEN,
          ),
          signalByGpu(
            {
              id: 11,
              title: 'Memory in use',
              signal: 'gpu_memory_used_ratio',
              act: 'Near 100 % the next larger batch fails; a steady climb is a leak.',
              bands: from(0.95),
            },
            CHOSEN,
          ),
        ),
      },
      {
        height: 10,
        panels: halves(
          signalByGpu(
            {
              id: 12,
              title: 'PCIe traffic',
              signal: 'gpu_pcie_bytes_per_second',
              act: 'A GPU that is busy while this stands at the link’s limit waits for data: move preprocessing or batch more.',
            },
            CHOSEN,
          ),
          signalByGpu(
            {
              id: 13,
              title: 'Temperature',
              signal: 'gpu_temperature_celsius',
              act: 'Above 85 °C clocks will be held down: look at the cooling of the node.',
              bands: from(85),
            },
            CHOSEN,
          ),
        ),
      },
    ],
  };
}

function wastedSection(): Section {
  return {
    id: 103,
    title: 'Wasted: what do we pay for and not use?',
    lines: [
      {
        height: 10,
        panels: halves(
          gpuUseGapPanel(20, CHOSEN),
          signalByModel({
            id: 21,
            title: 'Busy by model',
            signal: 'gpu_utilization_ratio',
            act: 'A model that stays below 20 % can share a GPU or take a slice of one.',
            links: LINKS,
          }),
        ),
      },
      {
        height: 10,
        panels: halves(
          signalByModel({
            id: 22,
            title: 'Cost an hour by model',
            signal: 'cost_per_hour_usd',
            act: 'Compare with busy by model: dear and idle comes first.',
            links: LINKS,
            stacked: true,
          }),
          signalByModel({
            id: 23,
            title: 'Power by model',
            signal: 'gpu_power_watts',
            act: 'Watts without traffic are a model that somebody forgot.',
            links: LINKS,
            stacked: true,
          }),
        ),
      },
    ],
  };
}
