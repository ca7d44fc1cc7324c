import { writeBusinessSignals } from '../../store/queries/business-signals.ts';
import { writeCostSignals } from '../../store/queries/serving.ts';
import { writeConstantSignals, writeGpuSignals, writeServiceSignals } from '../../store/queries/service-signals.ts';
import type { Store } from '../../store/store.ts';
import { writeServingSignals } from '../serving/serving-signals.ts';
import type { TimeRange } from './reference-ranges.ts';

/** Constant series of a model, by signal name: its objectives, prices, and what has an age since a moment. */
export type ConstantSignals = ReadonlyMap<string, Readonly<Record<string, number | { readonly sinceMs: number }>>>;

/** A sender of remote writes may be this late: its minute is concluded again together with the next one. */
const LATE_SAMPLES_MS = 60_000;

/** Concludes the traffic, latency, GPU, business, serving and cost signals of every minute of a range, and the objectives beside them. */
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
  await store.command({ name: 'write_business_signals', sql: writeBusinessSignals, parameters });
  const sampled = { fromMs: range.fromMs - LATE_SAMPLES_MS, toMs: range.toMs };
  const withLate = { ...parameters, from: seconds(sampled.fromMs) };
  await store.command({ name: 'write_gpu_signals', sql: writeGpuSignals, parameters: withLate });
  const allocated = await writeServingSignals({ store, range: sampled, nowMs: options.nowMs });
  const flat = constantParameters(constants);
  if (flat.models.length > 0) {
    const name = 'write_constant_signals';
    await store.command({ name, sql: writeConstantSignals, parameters: { ...withLate, ...flat } });
  }
  const priced = new Set([...allocated, ...pricedModels(constants)]);
  if (priced.size === 0) return;
  const models = [...priced];
  await store.command({ name: 'write_cost_signals', sql: writeCostSignals, parameters: { ...withLate, models } });
}

function constantParameters(constants: ConstantSignals) {
  const rows = [...constants].flatMap(([model, values]) =>
    Object.entries(values).map(([signal, value]) => ({ model, signal, value })),
  );
  return {
    models: rows.map(({ model }) => model),
    signals: rows.map(({ signal }) => signal),
    values: rows.map(({ value }) => (typeof value === 'number' ? value : value.sinceMs / 1000)),
    ages: rows.map(({ value }) => (typeof value === 'number' ? 0 : 1)),
  };
}

function pricedModels(constants: ConstantSignals): readonly string[] {
  return [...constants].flatMap(([model, values]) =>
    'declared_cost_per_hour_usd' in values || 'gpu_price_per_hour_usd' in values ? [model] : [],
  );
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
