import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { prometheusTableQuery } from '../../src/grafana/prometheus-query.ts';
import { GPU_FILTER, MODEL_FILTER, sharedUnit, table, variable } from '../../src/grafana/sql.ts';
import { tablePanel } from '../../src/grafana/table-panel.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';
import { prometheusName } from '../../src/signals/signal-definition.ts';

/** Returns the chart of the utilisation of each GPU that serves the model. */
export function gpuUtilizationPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'GPU utilisation of its pods',
      shows:
        'Shows for each GPU of the model how much of the time it was busy, and how busy its multiprocessors were (SM active).',
      from: 'table gpu_samples, joined to the model by pod',
      act: 'Busy above 85 % with p99 over its objective is saturation: add replicas or shed load; busy with a low SM active is waiting for data.',
    },
    unit: sharedUnit('gpu_utilization_ratio', 'gpu_sm_active_ratio'),
    nameLabel: 'series',
    max: 1,
    bands: [
      { value: null, color: 'transparent' },
      { value: 0.85, color: 'red' },
    ],
    targets: [gpuQuery(['gpu_utilization_ratio', 'gpu_sm_active_ratio'])],
  });
}

/** Returns the chart of the memory of each GPU that serves the model. */
export function gpuMemoryPanel(id: number): PlacedPanel {
  return timeSeriesPanel({
    text: {
      id,
      title: 'GPU memory of its pods',
      shows: 'Shows the share of memory in use on each GPU of the model.',
      from: 'table gpu_samples, joined to the model by pod',
      act: 'Near 100 % the next larger batch fails: lower the batch size or move the neighbour away; a steady climb is a leak.',
    },
    unit: sharedUnit('gpu_memory_used_ratio'),
    nameLabel: 'series',
    max: 1,
    bands: [
      { value: null, color: 'transparent' },
      { value: 0.95, color: 'red' },
    ],
    targets: [gpuQuery(['gpu_memory_used_ratio'])],
  });
}

/** Returns the table of pods, nodes and GPUs that serve the model now. */
export function podsPanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Where it runs',
      shows: 'Shows the pods that serve the model now, with their nodes and GPUs.',
      from: `metric ${prometheusName('pod_info')} of Plumbline in Prometheus`,
      act: 'Use the names to look at the pod or the node; an empty table means that no GPU sample matched the configured pod pattern.',
    },
    source: 'prometheus',
    target: prometheusTableQuery({
      refId: 'A',
      expr: `max by (namespace, pod, node, gpu) (${prometheusName('pod_info')}{model=~"${variable('model')}"})`,
    }),
    columns: [
      { name: 'namespace', title: 'Namespace' },
      { name: 'pod', title: 'Pod' },
      { name: 'node', title: 'Node' },
      { name: 'gpu', title: 'GPU' },
      { name: 'Time', title: 'Time', hidden: true },
      { name: 'Value', title: 'Value', hidden: true },
    ],
  });
}

function gpuQuery(signals: readonly string[]): ReturnType<typeof clickHouseQuery> {
  const names = signals.map((signal) => `'${signal}'`).join(', ');
  return clickHouseQuery({
    refId: 'A',
    format: 'timeseries',
    sql: [
      "SELECT time, concat(pod, ' ', gpu, if(signal = 'gpu_sm_active_ratio', ' SM active', '')) AS series, Value FROM (",
      'SELECT $__timeInterval(ts) AS time, pod, gpu, signal, avg(value) AS Value',
      `FROM ${table('gpu_samples')}`,
      `WHERE $__timeFilter(ts) AND ${MODEL_FILTER} AND ${GPU_FILTER} AND signal IN (${names})`,
      'GROUP BY time, pod, gpu, signal) ORDER BY time, series',
    ].join('\n'),
  });
}
