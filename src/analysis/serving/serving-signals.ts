import { recordedMinutes, servingGauges, servingHours, servingRates } from '../../store/queries/serving.ts';
import type { Store } from '../../store/store.ts';
import { minuteValues } from './minute-values.ts';

const HOUR_SECONDS = 3600;

/**
 * Concludes what serving runtimes, meshes and schedulers tell of every minute of a range, hour by hour.
 *
 * @returns the models whose cost was told
 */
export async function writeServingSignals(options: {
  readonly store: Store;
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly nowMs: number;
}): Promise<readonly string[]> {
  const { store, range, nowMs } = options;
  const whole = { from: Math.floor(range.fromMs / 1000), to: Math.floor(range.toMs / 1000) };
  const priced = new Set<string>();
  for (const { hour } of await store.query(servingHours, whole)) {
    const part = { from: Math.max(whole.from, hour), to: Math.min(whole.to, hour + HOUR_SECONDS) };
    const rates = await store.query(servingRates, part);
    const gauges = await store.query(servingGauges, part);
    const recorded = new Set((await store.query(recordedMinutes, part)).map((row) => `${row.t_ms} ${row.model}`));
    const values = minuteValues({ rates, gauges, isRecorded: (model, tMs) => recorded.has(`${tMs} ${model}`) });
    for (const { signal, model } of values) if (signal === 'allocated_cost_per_hour_usd') priced.add(model);
    await store.insert(
      'signals',
      values.map(({ tMs, ...row }) => ({
        t: tMs / 1000,
        ...row,
        feature: '',
        gpu: '',
        state: 'ok',
        evaluated_at: new Date(nowMs).toISOString(),
      })),
    );
  }
  return [...priced];
}
