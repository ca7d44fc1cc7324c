import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { MetricSample } from '../prometheus/metric-sample.ts';
import { CoverageGauge } from './coverage-gauge.ts';
import { addCoverage, type GpuCoverage, totalCoverage } from './gpu-coverage.ts';
import { GpuCounters } from './gpu-counters.ts';
import { collectGpuDevices, type GpuDevice } from './gpu-devices.ts';
import { type GpuShare, mergeShares, sharesOf, usableShares } from './gpu-shares.ts';
import { deviceEvents, deviceLevels, type GpuSignal, partSignals, type SignalValue } from './gpu-signals.ts';
import type { ModelOf } from './model-match.ts';
import { PodDirectory } from './pod-directory.ts';
import { XidMemory } from './xid-memory.ts';

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
  /** The same for each node. */
  readonly coverageByNode: ReadonlyMap<string, GpuCoverage>;
  /** Values left out because they are blanks or cannot be. */
  readonly blanks: number;
}

/**
 * Turns samples of GPU exporters into rows of GPU signals in base units. Does no I/O; remembers counters and XID codes
 * from reading to reading, and for ten minutes what kube-state-metrics says of the pods that hold the GPUs.
 */
export class GpuTelemetry {
  readonly #modelOf: ModelOf;
  readonly #xids = new XidMemory();
  readonly #counters = new GpuCounters();
  readonly #pods = new PodDirectory();
  readonly #gauge: CoverageGauge | undefined;

  /** With telemetry, the coverage of each node stands on /metrics. */
  constructor(modelOf: ModelOf, telemetry?: Telemetry) {
    this.#modelOf = modelOf;
    this.#gauge = telemetry === undefined ? undefined : new CoverageGauge(telemetry);
  }

  /**
   * Returns the rows of samples, which may be of several moments; those without a time get `tsMs`. The coverage of a
   * node is that of its last moment.
   */
  read(samples: readonly MetricSample[], tsMs: number): GpuReading {
    this.#pods.learn(samples, tsMs);
    const rows: GpuRow[] = [];
    const coverageByNode = new Map<string, GpuCoverage>();
    let blanks = 0;
    for (const [momentMs, batch] of momentsOf(samples, tsMs)) {
      const { devices, blanks: left } = collectGpuDevices(batch);
      blanks += left;
      const now = new Map<string, GpuCoverage>();
      for (const device of devices.values()) {
        const shares = sharesOf({ device, devices, pods: this.#pods, modelOf: this.#modelOf });
        now.set(device.node, addCoverage(now.get(device.node), shares));
        rows.push(...this.#rowsOf(device, shares, momentMs));
      }
      for (const [node, coverage] of now) coverageByNode.set(node, coverage);
    }
    this.#xids.forget(tsMs);
    this.#counters.forget(tsMs);
    this.#gauge?.show(coverageByNode, tsMs);
    return { rows, coverage: totalCoverage([...coverageByNode.values()]), coverageByNode, blanks };
  }

  #rowsOf(device: GpuDevice, shares: readonly GpuShare[], momentMs: number): readonly GpuRow[] {
    const common = { ts: new Date(momentMs).toISOString(), node: device.node };
    const steps = this.#counters.read(device, momentMs);
    const levels = deviceLevels(device.values, steps);
    const events = deviceEvents(this.#xids.changes(device, momentMs), steps);
    return [...partRows(device, shares, common), ...deviceRows({ device, shares, common, levels, events })];
  }
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

/** Signals that each MIG instance has of its own. */
function partRows(
  device: GpuDevice,
  shares: readonly GpuShare[],
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
  readonly shares: readonly GpuShare[];
  readonly common: { readonly ts: string; readonly node: string };
  readonly levels: readonly SignalValue[];
  readonly events: readonly SignalValue[];
}): readonly GpuRow[] {
  const { device, shares, common, levels, events } = options;
  const rowsOf = (holder: Omit<GpuShare, 'part'>, signals: readonly SignalValue[]): readonly GpuRow[] =>
    signals.map(([signal, value]) => ({ ...common, ...holder, signal, gpu: device.id, value }));
  const usable = usableShares(shares);
  return [
    ...mergeShares(usable, ({ namespace, pod, model }) => `${namespace}/${pod}/${model}`).flatMap((holder) =>
      rowsOf(holder, levels),
    ),
    // Events are summed later, so a model whose pods share the GPU must not be told one of them twice.
    ...mergeShares(usable, ({ model }) => model).flatMap((holder) => rowsOf(holder, events)),
  ];
}

function gpuKey(device: GpuDevice, part: GpuShare['part']): string {
  return part.instance === '' ? device.id : `${device.id}/${part.instance}`;
}

function tells(part: GpuShare['part'], signal: GpuSignal): boolean {
  return partSignals(part.values).some(([name]) => name === signal);
}
