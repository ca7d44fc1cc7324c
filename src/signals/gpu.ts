import { defineSignals, type SignalDefinition } from './signal-definition.ts';

const scope = ['model', 'gpu'] as const;

/** GPUs and MIG slices that serve a model; the model-level value is that of its busiest GPU, or the sum for rates and counts. */
export const gpuSignals: readonly SignalDefinition[] = defineSignals('gpu', [
  {
    name: 'gpu_utilization_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of time in which the GPU ran a kernel; the maximum over GPUs for the model.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_memory_used_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of the framebuffer in use; the maximum over GPUs for the model.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'gpu_sm_active_ratio',
    unit: 'ratio',
    scope,
    help: 'Share of time in which a streaming multiprocessor had work, the maximum over GPUs for the model.',
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
    help: 'Power drawn by the GPU; the maximum over GPUs for the model.',
    direction: 'neutral',
    combine: 'avg',
  },
  {
    name: 'gpu_pcie_bytes_per_second',
    unit: 'bytes_per_second',
    scope,
    help: 'Bytes per second received and sent over PCIe; the sum over GPUs for the model.',
    direction: 'neutral',
    combine: 'avg',
  },
  {
    name: 'gpu_xid_changes',
    unit: 'count',
    scope,
    help: 'Number of new XID errors that the driver reported in the minute; the sum over GPUs for the model.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
]);
