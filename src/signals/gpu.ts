import { defineSignals, type SignalDefinition } from './signal-definition.ts';

const scope = ['model', 'gpu'] as const;

/**
 * GPUs and MIG slices that serve a model. The model-level value is, for a ratio, the mean over its GPUs weighted by the
 * share of each that it holds (MIG slices of 7, divided among pods that share); for watts and bytes the sum of those
 * shares; for counts of events the sum; for temperature and failures the maximum.
 */
export const gpuSignals: readonly SignalDefinition[] = defineSignals('gpu', [
  {
    name: 'gpu_utilization_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of time in which the GPU ran a kernel; the weighted mean over GPUs for the model.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_memory_used_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of the framebuffer in use; the weighted mean over GPUs for the model.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_sm_active_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of time in which a streaming multiprocessor had work; the weighted mean over GPUs for the model.',
    direction: 'neutral',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_tensor_active_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of time in which the tensor cores had work; the weighted mean over GPUs for the model.',
    direction: 'neutral',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_memory_bandwidth_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of time in which the memory interface was busy; the weighted mean over GPUs for the model.',
    direction: 'neutral',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_temperature_celsius',
    unit: 'celsius',
    scope,
    help: 'Temperature of the GPU; the maximum over GPUs for the model.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
  {
    name: 'gpu_power_watts',
    unit: 'watts',
    scope,
    help: "Power drawn by the GPU; the sum over the model's shares of GPUs for the model.",
    direction: 'neutral',
    combine: 'avg',
  },
  {
    name: 'gpu_throttled_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of time in which power, heat, the board or a fault held the clocks down; the weighted mean for the model.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_pcie_bytes_per_second',
    unit: 'bytes_per_second',
    scope,
    help: "Bytes per second received and sent over PCIe; the sum over the model's shares of GPUs for the model.",
    direction: 'neutral',
    combine: 'avg',
  },
  {
    name: 'gpu_nvlink_bytes_per_second',
    unit: 'bytes_per_second',
    scope,
    help: "Bytes per second received and sent over NVLink; the sum over the model's shares of GPUs for the model.",
    direction: 'neutral',
    combine: 'avg',
  },
  ...(
    [
      ['gpu_xid_changes', 'Number of new XID errors that the driver reported in the minute'],
      ['gpu_pcie_replays', 'Number of PCIe transfers that had to be repeated in the minute'],
      ['gpu_ecc_correctable_errors', 'Number of new single-bit memory errors in the minute, which ECC corrected'],
      ['gpu_ecc_uncorrectable_errors', 'Number of new double-bit memory errors in the minute, which nothing corrects'],
      ['gpu_remapped_rows', 'Number of memory rows remapped and pages retired in the minute'],
      ['gpu_nvlink_errors', 'Number of NVLink CRC errors, replays and recoveries in the minute'],
    ] as const
  ).map(([name, help]) => ({
    name,
    unit: 'count' as const,
    scope,
    help: `${help}; the sum over GPUs for the model.`,
    direction: 'higher_is_worse' as const,
    combine: 'max' as const,
  })),
  {
    name: 'gpu_row_remap_failures',
    unit: 'count',
    scope,
    help: 'Whether remapping a memory row failed (1), so that the GPU must be replaced; the maximum for the model.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
]);
