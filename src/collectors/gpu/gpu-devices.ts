import type { MetricSample } from '../prometheus/metric-sample.ts';
import { type DcgmField, findDcgmField, type GpuQuantity } from './dcgm-fields.ts';
import { type GpuIdentity, gpuIdentity } from './gpu-identity.ts';
import type { GpuHolder } from './model-match.ts';

/** A whole GPU, or one MIG instance of it, with its values in base units. */
export interface GpuPart {
  /** '' for the whole GPU. */
  readonly instance: string;
  readonly share: number;
  /** By namespace and pod; empty when nobody holds it. */
  readonly holders: Map<string, GpuHolder>;
  readonly values: Map<GpuQuantity, number>;
  /** Labels of the first row, for matching when nobody holds it. */
  readonly labels: GpuHolder['labels'];
}

export interface GpuDevice {
  readonly id: string;
  readonly node: string;
  readonly parts: Map<string, GpuPart>;
  readonly values: Map<GpuQuantity, number>;
  /** XIDs seen in the exporter's window, by code. */
  readonly xidCounts: Map<string, number>;
}

export interface GpuDevices {
  readonly devices: ReadonlyMap<string, GpuDevice>;
  /** DCGM values left out because they are blanks or cannot be. */
  readonly blanks: number;
}

/**
 * Returns the GPUs in the samples of one moment. Under time-slicing every value is repeated for each pod, and newer
 * exporters add values for each process, 0 when idle: the largest is the device's.
 */
export function collectGpuDevices(samples: readonly MetricSample[]): GpuDevices {
  const devices = new Map<string, GpuDevice>();
  const rows = samples.flatMap((sample) => {
    const field = findDcgmField(sample.name);
    return field === undefined ? [] : [{ sample, field }];
  });
  const undeclared = undeclaredScale(
    rows.filter(({ field }) => field.scale === 'undeclared').map(({ sample }) => sample.value),
  );
  let blanks = 0;
  for (const { sample, field } of rows) {
    const identity = gpuIdentity(sample.labels);
    if (identity === undefined) continue;
    const device = deviceOf(devices, identity);
    const part = partOf(device, identity, sample);
    const value = baseValue(sample.value, field, undeclared);
    if (value === undefined) blanks += 1;
    else record({ device, part, sample, field, value });
  }
  return { devices, blanks };
}

const RATIOS: ReadonlySet<GpuQuantity> = new Set([
  'utilization',
  'engine_active',
  'sm_active',
  'tensor_active',
  'dram_active',
  'memory_used_ratio',
]);

/** Returns the value in the base unit, or undefined for a blank, a nonsense or an undeclared unit. */
function baseValue(
  value: number,
  field: DcgmField,
  undeclared: (value: number) => number | undefined,
): number | undefined {
  const lowest = field.quantity === 'temperature' ? -273.15 : 0;
  if (!(value >= lowest && value <= field.max)) return undefined;
  const scaled = field.scale === 'undeclared' ? undeclared(value) : value * field.scale;
  return scaled !== undefined && RATIOS.has(field.quantity) ? Math.min(1, scaled) : scaled;
}

/**
 * Tells percent from ratio by the values of all GPUs of the exporter: above 1 is percent, a fraction is a ratio.
 * When all are 0 or 1, a 1 may be either and is left out rather than guessed.
 */
function undeclaredScale(values: readonly number[]): (value: number) => number | undefined {
  if (values.some((value) => value > 1)) return (value) => value / 100;
  if (values.some((value) => !Number.isInteger(value))) return (value) => value;
  return (value) => (value === 0 ? 0 : undefined);
}

function deviceOf(devices: Map<string, GpuDevice>, identity: GpuIdentity): GpuDevice {
  const known = devices.get(identity.device);
  if (known !== undefined) return known;
  const device = {
    id: identity.device,
    node: identity.node,
    parts: new Map<string, GpuPart>(),
    values: new Map<GpuQuantity, number>(),
    xidCounts: new Map<string, number>(),
  };
  devices.set(identity.device, device);
  return device;
}

function partOf(device: GpuDevice, identity: GpuIdentity, sample: MetricSample): GpuPart {
  const { instance, share, namespace, pod } = identity;
  let part = device.parts.get(instance);
  if (part === undefined) {
    part = { instance, share, holders: new Map(), values: new Map(), labels: sample.labels };
    device.parts.set(instance, part);
  }
  const key = `${namespace}/${pod}`;
  if (pod !== '' && !part.holders.has(key)) part.holders.set(key, { namespace, pod, labels: sample.labels });
  return part;
}

function record(options: {
  readonly device: GpuDevice;
  readonly part: GpuPart;
  readonly sample: MetricSample;
  readonly field: DcgmField;
  readonly value: number;
}): void {
  const { device, part, sample, field, value } = options;
  if (field.quantity === 'xid_count') {
    keepLargest(device.xidCounts, sample.labels['xid'] ?? '', value);
  } else {
    keepLargest(field.level === 'device' ? device.values : part.values, field.quantity, value);
  }
}

function keepLargest<K>(values: Map<K, number>, key: K, value: number): void {
  values.set(key, Math.max(value, values.get(key) ?? value));
}
