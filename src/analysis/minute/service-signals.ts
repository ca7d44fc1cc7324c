import {
  writeBusinessSignals,
  writeConstantSignals,
  writeGpuSignals,
  writeServiceSignals,
} from '../../store/queries/service-signals.ts';
import type { Store } from '../../store/store.ts';
import type { TimeRange } from './reference-ranges.ts';

/** Constant series of a model, by signal name: its objectives. */
export type ConstantSignals = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** Concludes the traffic, latency, GPU and business signals of every minute of a range, and the objectives beside them. */
export async function writeMinuteSignals(options: {
  readonly store: Store;
  readonly range: TimeRange;
  readonly constants: ConstantSignals;
  readonly nowMs: number;
}): Promise<void> {
  const { store, range, constants } = options;
  const parameters = {
    from: seconds(range.fromMs),
    to: seconds(range.toMs),
    now: new Date(options.nowMs).toISOString().slice(0, 23).replace('T', ' '),
  };
  await store.command({ name: 'write_service_signals', sql: writeServiceSignals, parameters });
  await store.command({ name: 'write_gpu_signals', sql: writeGpuSignals, parameters });
  await store.command({ name: 'write_business_signals', sql: writeBusinessSignals, parameters });
  for (const [model, values] of constants) {
    for (const [signal, value] of Object.entries(values)) {
      await store.command({
        name: 'write_constant_signals',
        sql: writeConstantSignals,
        parameters: { ...parameters, model, signal, value },
      });
    }
  }
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
