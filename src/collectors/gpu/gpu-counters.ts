import { CounterMemory, type CounterStep } from './counter-memory.ts';
import type { GpuCounter } from './dcgm-fields.ts';
import type { GpuDevice } from './gpu-devices.ts';

/** What the counters of a GPU tell about the time since the last reading; undefined where they tell nothing. */
export interface GpuSteps {
  /** Mean power by the energy counter, in watts. */
  readonly power: number | undefined;
  /** Share of the time in which clocks were held down by power, heat, the board's limit or a fault, 0..1. */
  readonly throttled: number | undefined;
  readonly pcieReplays: number | undefined;
  readonly eccCorrectable: number | undefined;
  readonly eccUncorrectable: number | undefined;
  /** Rows remapped and pages retired. */
  readonly remappedRows: number | undefined;
  readonly nvlinkErrors: number | undefined;
}

/** Bits of CLOCKS_EVENT_REASONS that slow a busy GPU: power cap, hardware slowdown, heat (two kinds), power brake. */
const THROTTLING_BITS = [4, 8, 32, 64, 128];

/** Turns the counters of GPUs into what happened since the last reading. */
export class GpuCounters {
  readonly #memory = new CounterMemory();

  /** Returns the steps of one GPU. The first reading of an event counter gives 0: its events are of unknown age. */
  read(device: GpuDevice, nowMs: number): GpuSteps {
    const step = (counter: GpuCounter): CounterStep | undefined => {
      const value = device.values.get(counter);
      if (value === undefined) return undefined;
      return this.#memory.step(`${device.node}/${device.id}/${counter}`, value, nowMs) ?? { increase: 0, seconds: 0 };
    };
    const rise = (...counters: readonly GpuCounter[]): readonly number[] =>
      counters.flatMap((counter) => step(counter)?.increase ?? []);
    const energy = step('energy');
    return {
      power: energy === undefined || energy.seconds === 0 ? undefined : energy.increase / energy.seconds,
      throttled: throttledRatio(device, step),
      pcieReplays: sumOf(rise('pcie_replays')),
      // The lifetime count includes the errors since the driver was loaded.
      eccCorrectable: largestOf(rise('ecc_correctable', 'ecc_correctable_lifetime')),
      eccUncorrectable: largestOf(rise('ecc_uncorrectable', 'ecc_uncorrectable_lifetime')),
      remappedRows: sumOf(
        rise(
          'rows_remapped_correctable',
          'rows_remapped_uncorrectable',
          'pages_retired_correctable',
          'pages_retired_uncorrectable',
        ),
      ),
      nvlinkErrors: sumOf(rise('nvlink_crc_flit', 'nvlink_crc_data', 'nvlink_replay', 'nvlink_recovery')),
    };
  }

  /** Forgets GPUs that have not been read for six hours. */
  forget(nowMs: number): void {
    this.#memory.forget(nowMs);
  }
}

/** The reasons overlap, so the longest counts; without counters the present reasons stand for the moment. */
function throttledRatio(device: GpuDevice, step: (counter: GpuCounter) => CounterStep | undefined): number | undefined {
  const counters = ['power_violation', 'thermal_violation', 'board_limit_violation', 'reliability_violation'] as const;
  const shares = counters.flatMap((counter) => {
    const found = step(counter);
    return found === undefined || found.seconds === 0 ? [] : [found.increase / found.seconds];
  });
  const byCounters = largestOf(shares);
  if (byCounters !== undefined) return Math.min(1, byCounters);
  const reasons = device.values.get('throttle_reasons');
  if (reasons === undefined) return undefined;
  return THROTTLING_BITS.some((bit) => Math.floor(reasons / bit) % 2 === 1) ? 1 : 0;
}

function sumOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

function largestOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
