import type { MetricSample } from '../prometheus/metric-sample.ts';
import { collectGpuDevices, type GpuDevice, type GpuPart } from './gpu-devices.ts';
import type { GpuQuantity } from './dcgm-fields.ts';
import type { ModelOf } from './model-match.ts';
import { XidMemory } from './xid-memory.ts';

export type GpuSignal =
  | 'gpu_utilization_ratio'
  | 'gpu_memory_used_ratio'
  | 'gpu_sm_active_ratio'
  | 'gpu_temperature_celsius'
  | 'gpu_power_watts'
  | 'gpu_pcie_bytes_per_second'
  | 'gpu_xid_changes';

/** One row of table gpu_samples. */
export type GpuRow = {
  /** ISO time, UTC. */
  readonly ts: string;
  readonly signal: GpuSignal;
  /** UUID, with `/instance` for a MIG instance; values of the whole device carry the bare UUID. */
  readonly gpu: string;
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  /** '' when the join found none. */
  readonly model: string;
  /**
   * Share of the GPU that this row stands for: slices / 7 of a MIG instance, divided by the pods that share it.
   * The weights of a GPU's rows add up to at most 1 for a signal, so sums of value * weight count nothing twice.
   */
  readonly weight: number;
  readonly value: number;
};

export interface GpuReading {
  readonly rows: readonly GpuRow[];
  /** GPUs and MIG instances by what the join from GPU to pod to model found. */
  readonly coverage: GpuCoverage;
  /** DCGM values left out because they are blanks or cannot be. */
  readonly blanks: number;
}

export interface GpuCoverage {
  readonly attributed: number;
  /** Held by a pod that belongs to no known model. */
  readonly unattributed: number;
  /** Held by no pod. */
  readonly idle: number;
}

/** Turns DCGM samples into rows of GPU signals in base units. Does no I/O; remembers XID codes from reading to reading. */
export class GpuTelemetry {
  readonly #modelOf: ModelOf;
  readonly #xids = new XidMemory();

  constructor(modelOf: ModelOf) {
    this.#modelOf = modelOf;
  }

  /**
   * Returns the rows of samples, which may be of several moments; those without a time get `tsMs`. The coverage is that
   * of the last moment.
   */
  read(samples: readonly MetricSample[], tsMs: number): GpuReading {
    const rows: GpuRow[] = [];
    let coverage: GpuCoverage = { attributed: 0, unattributed: 0, idle: 0 };
    let blanks = 0;
    for (const [momentMs, batch] of momentsOf(samples, tsMs)) {
      const found = collectGpuDevices(batch);
      blanks += found.blanks;
      coverage = { attributed: 0, unattributed: 0, idle: 0 };
      for (const device of found.devices.values()) {
        const ts = new Date(momentMs).toISOString();
        const xidChanges = this.#xids.changes(device, momentMs);
        const shares = sharesOf(device, this.#modelOf);
        coverage = addCoverage(coverage, shares);
        const common = { ts, node: device.node };
        rows.push(...partRows(device, shares, common), ...deviceRows({ device, shares, common, xidChanges }));
      }
    }
    this.#xids.forget(tsMs);
    return { rows, coverage, blanks };
  }
}

interface Share {
  readonly part: GpuPart;
  readonly namespace: string;
  readonly pod: string;
  readonly model: string;
  readonly weight: number;
}

/** Samples by time, oldest first. */
function momentsOf(
  samples: readonly MetricSample[],
  tsMs: number,
): readonly (readonly [number, readonly MetricSample[]])[] {
  const moments = new Map<number, MetricSample[]>();
  for (const sample of samples) {
    const momentMs = sample.timestampMs ?? tsMs;
    const known = moments.get(momentMs);
    if (known === undefined) moments.set(momentMs, [sample]);
    else known.push(sample);
  }
  return [...moments].toSorted(([a], [b]) => a - b);
}

function sharesOf(device: GpuDevice, modelOf: ModelOf): readonly Share[] {
  return [...device.parts.values()].flatMap((part) => {
    const nobody = { namespace: '', pod: '', labels: part.labels };
    const holders = part.holders.size === 0 ? [nobody] : [...part.holders.values()];
    return holders.map((holder) => ({
      part,
      namespace: holder.namespace,
      pod: holder.pod,
      model: modelOf(holder),
      weight: part.share / holders.length,
    }));
  });
}

/** Signals that each MIG instance has of its own. */
function partRows(
  device: GpuDevice,
  shares: readonly Share[],
  common: { readonly ts: string; readonly node: string },
): readonly GpuRow[] {
  const instances = shares.filter(({ part }) => part.instance !== '');
  return shares.flatMap(({ part, ...holder }) =>
    partSignals(part.values)
      // The whole GPU repeats what its instances tell.
      .filter(([signal]) => part.instance !== '' || !instances.some((other) => tells(other.part, signal)))
      .map(([signal, value]) => ({ ...common, ...holder, signal, gpu: gpuKey(device, part), value })),
  );
}

/** Signals of the whole device, told once for each pod that holds a part of it. */
function deviceRows(options: {
  readonly device: GpuDevice;
  readonly shares: readonly Share[];
  readonly common: { readonly ts: string; readonly node: string };
  readonly xidChanges: number | undefined;
}): readonly GpuRow[] {
  const { device, shares, common, xidChanges } = options;
  const rowsOf = (holder: Holder, signals: readonly SignalValue[]): readonly GpuRow[] =>
    signals.map(([signal, value]) => ({ ...common, ...holder, signal, gpu: device.id, value }));
  const usable = usableShares(shares);
  const levels = deviceSignals(device.values);
  // Changes are summed later, so a model whose pods share the GPU must not be told one of them twice.
  const events = known([['gpu_xid_changes', xidChanges]]);
  return [
    ...mergeShares(usable, ({ namespace, pod, model }) => `${namespace}/${pod}/${model}`).flatMap((holder) =>
      rowsOf(holder, levels),
    ),
    ...mergeShares(usable, ({ model }) => model).flatMap((holder) => rowsOf(holder, events)),
  ];
}

type Holder = Omit<Share, 'part'>;

/** Returns one holder a key, the first of that key, with the weight of all. */
function mergeShares(shares: readonly Share[], keyOf: (share: Share) => string): readonly Holder[] {
  const holders = new Map<string, Holder>();
  for (const share of shares) {
    const { part: _part, ...holder } = share;
    const first = holders.get(keyOf(share));
    holders.set(keyOf(share), first === undefined ? holder : { ...first, weight: first.weight + holder.weight });
  }
  return [...holders.values()];
}

/** A GPU cut into MIG instances can be used only through them. */
function usableShares(shares: readonly Share[]): readonly Share[] {
  const instances = shares.filter(({ part }) => part.instance !== '');
  return instances.length > 0 ? instances : shares;
}

function gpuKey(device: GpuDevice, part: GpuPart): string {
  return part.instance === '' ? device.id : `${device.id}/${part.instance}`;
}

type SignalValue = readonly [signal: GpuSignal, value: number];
type Values = ReadonlyMap<GpuQuantity, number>;

function partSignals(values: Values): readonly SignalValue[] {
  return known([
    // MIG instances have no utilization of their own; the engine's share of busy time is the same idea.
    ['gpu_utilization_ratio', values.get('utilization') ?? values.get('engine_active')],
    ['gpu_memory_used_ratio', memoryUsedRatio(values)],
    ['gpu_sm_active_ratio', values.get('sm_active')],
  ]);
}

function deviceSignals(values: Values): readonly SignalValue[] {
  return known([
    ['gpu_temperature_celsius', values.get('temperature')],
    ['gpu_power_watts', values.get('power')],
    ['gpu_pcie_bytes_per_second', sum(values.get('pcie_sent'), values.get('pcie_received'))],
  ]);
}

function tells(part: GpuPart, signal: GpuSignal): boolean {
  return partSignals(part.values).some(([name]) => name === signal);
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

function addCoverage(coverage: GpuCoverage, shares: readonly Share[]): GpuCoverage {
  const parts = new Set(usableShares(shares).map(({ part }) => part));
  let { attributed, unattributed, idle } = coverage;
  for (const part of parts) {
    const own = shares.filter((share) => share.part === part);
    if (own.some(({ model }) => model !== '')) attributed += 1;
    else if (own.some(({ pod }) => pod !== '')) unattributed += 1;
    else idle += 1;
  }
  return { attributed, unattributed, idle };
}
