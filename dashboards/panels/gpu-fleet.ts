import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { MODEL_OF_CELL, toOneModel } from '../../src/grafana/links.ts';
import {
  COMBINED,
  newest,
  scopeFilter,
  sharedUnit,
  SIGNAL_TIME,
  signalRows,
  sqlList,
  table,
} from '../../src/grafana/sql.ts';
import { type TableColumn, tablePanel } from '../../src/grafana/table-panel.ts';
import type { Step } from '../../src/grafana/thresholds.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

const EVENTS = [
  'gpu_xid_changes',
  'gpu_ecc_uncorrectable_errors',
  'gpu_ecc_correctable_errors',
  'gpu_remapped_rows',
  'gpu_row_remap_failures',
  'gpu_pcie_replays',
  'gpu_nvlink_errors',
] as const;

/** Returns the chart of hardware faults of the chosen GPUs together, by kind. */
export function gpuEventsPanel(id: number, filter: string): PlacedPanel {
  const rows = `${filter} AND signal IN (${sqlList(EVENTS)}) AND ${scopeFilter('gpu')}`;
  return timeSeriesPanel({
    text: {
      id,
      title: 'Hardware faults',
      shows:
        'Shows new faults per minute of the chosen GPUs by kind: XID, memory errors that ECC did or did not correct, remapped rows, failed remaps, PCIe replays and NVLink errors.',
      from: `signals ${EVENTS.join(', ')} in table signals`,
      act: 'A failed remap or an uncorrectable error takes the GPU out of service; find it in the table below.',
    },
    unit: sharedUnit(...EVENTS),
    nameLabel: 'kind',
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `SELECT time, kind, sum(most) AS Value FROM (SELECT ${SIGNAL_TIME}, replaceOne(signal, 'gpu_', '') AS kind, gpu, ${COMBINED.max} AS most`,
          `FROM ${signalRows({ of: 'fleet', filter: rows, columns: ['signal', 'gpu'], combine: 'max' })}`,
          'GROUP BY time, kind, gpu) GROUP BY time, kind ORDER BY time, kind',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the chart of how busy the chosen GPUs are by four measures: the gap between them is waste. */
export function gpuUseGapPanel(id: number, filter: string): PlacedPanel {
  const signals = [
    'gpu_utilization_ratio',
    'gpu_sm_active_ratio',
    'gpu_tensor_active_ratio',
    'gpu_memory_bandwidth_ratio',
  ];
  const rows = `${filter} AND signal IN (${sqlList(signals)}) AND ${scopeFilter('gpu')}`;
  return timeSeriesPanel({
    text: {
      id,
      title: 'Busy, and with what',
      shows:
        'Shows the mean over the chosen GPUs of the time with any kernel, with multiprocessors at work, with tensor cores at work, and with the memory interface busy.',
      from: `signals ${signals.join(', ')} in table signals`,
      act: 'Busy with few multiprocessors at work is many small kernels: batch more; memory busy with idle tensor cores is bound by bandwidth: quantise.',
    },
    unit: sharedUnit(...signals),
    max: 1,
    nameLabel: 'measure',
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `SELECT time, transform(toString(signal), [${sqlList(signals)}], ['busy', 'multiprocessors', 'tensor cores', 'memory'], '') AS measure, Value FROM (`,
          `SELECT ${SIGNAL_TIME}, signal, ${COMBINED.avg} AS Value`,
          `FROM ${signalRows({ of: 'fleet', filter: rows, columns: ['signal'], combine: 'avg' })}`,
          'GROUP BY time, signal) ORDER BY time, measure',
        ].join('\n'),
      }),
    ],
  });
}

/** Returns the table with one row for each GPU and model: where it is, how it does, and what broke in the time range. */
export function gpuTablePanel(id: number, filter: string): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'GPUs',
      shows:
        'Shows each GPU with its node and model, its means over the last hour of the time range, and its faults in that hour; a GPU without a model serves nobody we know.',
      from: 'tables signals and gpu_samples',
      act: 'Drain GPUs with faults; give away those that are allocated and idle.',
    },
    sortBy: { column: 'Faults', descending: true },
    columns: COLUMNS,
    target: clickHouseQuery({ refId: 'A', format: 'table', sql: gpuTableSql(filter) }),
  });
}

function gpuTableSql(filter: string): string {
  const mean = (signal: string): string => `avgOrNullIf(value, signal = '${signal}') AS ${signal}`;
  const lastHour = (column: string): string => `${column} > $__toTime - INTERVAL 1 HOUR AND ${column} <= $__toTime`;
  const signals = [
    'gpu_utilization_ratio',
    'gpu_memory_used_ratio',
    'gpu_temperature_celsius',
    'gpu_power_watts',
    ...EVENTS,
  ];
  return [
    'SELECT s.gpu AS gpu, p.node AS node, p.pod AS pod, s.model AS model, gpu_utilization_ratio, gpu_memory_used_ratio, gpu_temperature_celsius, gpu_power_watts, faults, remap_failed FROM (',
    `SELECT gpu, model, ${['gpu_utilization_ratio', 'gpu_memory_used_ratio', 'gpu_power_watts'].map(mean).join(', ')}, ${newest('gpu_temperature_celsius')} AS gpu_temperature_celsius,`,
    `sumIf(value, signal IN (${sqlList(EVENTS.filter((name) => name !== 'gpu_row_remap_failures'))})) AS faults, maxIf(value, signal = 'gpu_row_remap_failures') AS remap_failed`,
    `FROM ${table('signals_by_day')} FINAL WHERE ${lastHour('t')} AND state = 'ok' AND ${filter} AND signal IN (${sqlList(signals)}) AND ${scopeFilter('gpu')} GROUP BY gpu, model) AS s`,
    `LEFT JOIN (SELECT gpu, argMax(node, ts) AS node, argMax(pod, ts) AS pod FROM ${table('gpu_samples')} WHERE ${lastHour('ts')} AND signal = 'gpu_utilization_ratio' GROUP BY gpu) AS p ON s.gpu = p.gpu`,
    'ORDER BY faults DESC, gpu LIMIT 2000',
  ].join('\n');
}

const bad = (value: number): readonly Step[] => [
  { value: null, color: 'transparent' },
  { value, color: 'red' },
];

const COLUMNS: readonly TableColumn[] = [
  { name: 'gpu', title: 'GPU', width: 320 },
  { name: 'node', title: 'Node', width: 150 },
  { name: 'pod', title: 'Pod', width: 200 },
  { name: 'model', title: 'Model', width: 160, links: [toOneModel(MODEL_OF_CELL)] },
  { name: 'gpu_utilization_ratio', title: 'Busy', unit: 'percentunit', decimals: 0, width: 80, steps: bad(0.85) },
  { name: 'gpu_memory_used_ratio', title: 'Memory', unit: 'percentunit', decimals: 0, width: 90, steps: bad(0.95) },
  { name: 'gpu_temperature_celsius', title: 'Temperature', unit: 'celsius', decimals: 0, width: 115, steps: bad(85) },
  { name: 'gpu_power_watts', title: 'Power', unit: 'watt', decimals: 0, width: 90 },
  { name: 'faults', title: 'Faults', unit: 'none', decimals: 0, width: 80, steps: bad(1) },
  { name: 'remap_failed', title: 'Remap failed', unit: 'none', decimals: 0, width: 115, steps: bad(1) },
];
