import type { GpuQuantity } from './dcgm-fields.ts';
import type { GpuSteps } from './gpu-counters.ts';

export type GpuSignal =
  | 'gpu_utilization_ratio'
  | 'gpu_memory_used_ratio'
  | 'gpu_sm_active_ratio'
  | 'gpu_tensor_active_ratio'
  | 'gpu_memory_bandwidth_ratio'
  | 'gpu_temperature_celsius'
  | 'gpu_power_watts'
  | 'gpu_throttled_ratio'
  | 'gpu_row_remap_failures'
  | 'gpu_pcie_bytes_per_second'
  | 'gpu_nvlink_bytes_per_second'
  | 'gpu_xid_changes'
  | 'gpu_pcie_replays'
  | 'gpu_ecc_correctable_errors'
  | 'gpu_ecc_uncorrectable_errors'
  | 'gpu_remapped_rows'
  | 'gpu_nvlink_errors';

export type SignalValue = readonly [signal: GpuSignal, value: number];
type Values = ReadonlyMap<GpuQuantity, number>;

/** Returns what a whole GPU or a MIG instance tells of itself. */
export function partSignals(values: Values): readonly SignalValue[] {
  return known([
    // MIG instances have no utilization of their own; the engine's share of busy time is the same idea.
    ['gpu_utilization_ratio', values.get('utilization') ?? values.get('engine_active')],
    ['gpu_memory_used_ratio', memoryUsedRatio(values)],
    ['gpu_sm_active_ratio', values.get('sm_active')],
    ['gpu_tensor_active_ratio', values.get('tensor_active')],
    ['gpu_memory_bandwidth_ratio', values.get('dram_active')],
  ]);
}

/** Returns the states of a device, also of one that is cut into instances. */
export function deviceLevels(values: Values, steps: GpuSteps): readonly SignalValue[] {
  return known([
    ['gpu_temperature_celsius', values.get('temperature')],
    ['gpu_power_watts', values.get('power') ?? steps.power],
    ['gpu_throttled_ratio', steps.throttled],
    ['gpu_row_remap_failures', values.get('row_remap_failed')],
    ['gpu_pcie_bytes_per_second', sum(values.get('pcie_sent'), values.get('pcie_received'))],
    ['gpu_nvlink_bytes_per_second', sum(values.get('nvlink_sent'), values.get('nvlink_received'))],
  ]);
}

/** Returns the number of events of a device since the last reading. */
export function deviceEvents(xidChanges: number | undefined, steps: GpuSteps): readonly SignalValue[] {
  return known([
    ['gpu_xid_changes', xidChanges],
    ['gpu_pcie_replays', steps.pcieReplays],
    ['gpu_ecc_correctable_errors', steps.eccCorrectable],
    ['gpu_ecc_uncorrectable_errors', steps.eccUncorrectable],
    ['gpu_remapped_rows', steps.remappedRows],
    ['gpu_nvlink_errors', steps.nvlinkErrors],
  ]);
}

function memoryUsedRatio(values: Values): number | undefined {
  const used = values.get('memory_used');
  const free = values.get('memory_free');
  const total =
    used === undefined || free === undefined
      ? values.get('memory_total')
      : used + free + (values.get('memory_reserved') ?? 0);
  if (used === undefined || total === undefined || total <= 0) return values.get('memory_used_ratio');
  return Math.min(1, used / total);
}

/** Half of a sum is not a sum: undefined unless both are known. */
function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function known(pairs: readonly (readonly [GpuSignal, number | undefined])[]): readonly SignalValue[] {
  return pairs.flatMap(([signal, value]) => (value === undefined ? [] : [[signal, value] as const]));
}
