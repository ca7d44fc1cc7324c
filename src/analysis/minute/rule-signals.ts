import {
  writeBudgetSignals,
  writeReleaseSignals,
  writeSelfSignals,
  writeSlowRatio,
  writeSummarySignals,
} from '../../store/queries/rule-signals.ts';
import type { Store } from '../../store/store.ts';
import type { TimeRange } from './reference-ranges.ts';
import type { ConstantSignals } from './service-signals.ts';

/** A feature with less than this share of its model's stated importance is not important. */
const IMPORTANT_SHARE = 0.05;

/** Stated importance of features, by model. */
export type Importances = ReadonlyMap<string, Readonly<Record<string, number>>>;

/**
 * Concludes the signals that rest on other signals of the same minutes: use of the budgets of objectives, age of
 * releases, the worst feature and business metric. Of a model without stated importance every feature is important.
 *
 * @param options.delayMs  How late the minutes are evaluated; undefined for history, which tells nothing of Plumbline.
 */
export async function writeRuleSignals(options: {
  readonly store: Store;
  readonly range: TimeRange;
  readonly constants: ConstantSignals;
  readonly importances: Importances;
  readonly nowMs: number;
  readonly delayMs?: number;
}): Promise<void> {
  const { store, range, constants, importances, delayMs } = options;
  const parameters = {
    from: seconds(range.fromMs),
    to: seconds(range.toMs),
    now: new Date(options.nowMs).toISOString().slice(0, 23).replace('T', ' '),
  };
  const objectives = [...constants].filter(([, values]) => ERROR in values || LATENCY in values);
  if (objectives.length > 0) {
    const models = objectives.map(([model]) => model);
    const latencies = objectives.map(([, values]) => numberOf(values[LATENCY]) * 1000);
    const errors = objectives.map(([, values]) => numberOf(values[ERROR]) || Number.NaN);
    const [slow, budgets] = [
      { models, latency_objectives: latencies },
      { models, error_objectives: errors },
    ];
    await store.command({ name: 'write_slow_ratio', sql: writeSlowRatio, parameters: { ...parameters, ...slow } });
    await store.command({ name: 'write_budgets', sql: writeBudgetSignals, parameters: { ...parameters, ...budgets } });
  }
  await store.command({ name: 'write_release_signals', sql: writeReleaseSignals, parameters });
  await store.command({
    name: 'write_summary_signals',
    sql: writeSummarySignals,
    parameters: { ...parameters, ...importantFeatures(importances) },
  });
  if (delayMs === undefined) return;
  await store.command({
    name: 'write_self_signals',
    sql: writeSelfSignals,
    parameters: { ...parameters, delay_seconds: Math.max(0, delayMs) / 1000 },
  });
}

const ERROR = 'slo_error_ratio';
const LATENCY = 'slo_latency_p99_seconds';

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

function importantFeatures(importances: Importances) {
  const weighted = [...importances].filter(([, weights]) => Object.keys(weights).length > 0);
  return {
    weighted_models: weighted.map(([model]) => model),
    important_features: weighted.flatMap(([model, weights]) => {
      const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
      const important = Object.entries(weights).filter(([, weight]) => weight > 0 && weight >= IMPORTANT_SHARE * total);
      return important.map(([feature]) => `${model}\n${feature}`);
    }),
  };
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
