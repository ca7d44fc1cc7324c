import { knownModels } from '../../store/queries/grids.ts';
import type { Row, Store } from '../../store/store.ts';
import { type PerformanceWindow, type PredictionTask, performanceWindows } from '../performance.ts';
import type { TimeRange } from './reference-ranges.ts';

export interface PerformanceSignalOptions {
  readonly store: Store;
  readonly taskOf: (model: string) => PredictionTask | undefined;
  /** How long labels of a model may take, in milliseconds. */
  readonly horizonOf: (model: string) => number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A measurement speaks for the minutes after it, until the next one is due; then it is silence. */
const CARRIED_MS = 2 * 3_600_000;
/** A model without any label is not looked through again at every measurement. */
const UNLABELED_PAUSE_MS = 6 * 3_600_000;

/**
 * Turns the quality of models into signals: hourly over the predictions of the last day, and daily for history. When
 * no label of the last day has come, the hourly measurement reaches back as far as labels may take.
 */
export class PerformanceSignals {
  readonly #options: PerformanceSignalOptions;
  readonly #unlabeledAtMs = new Map<string, number>();
  readonly #latest = new Map<string, { readonly atMs: number; readonly values: Readonly<Record<string, number>> }>();

  constructor(options: PerformanceSignalOptions) {
    this.#options = options;
  }

  /** Measures the day that ends at a moment, for every model that had traffic in it. */
  async measure(atMs: number, nowMs: number): Promise<void> {
    const range = { fromMs: atMs - DAY_MS, toMs: atMs };
    for (const model of await this.#activeModels(range)) {
      const window = await this.#newestLabeled(model, atMs);
      if (window === undefined) continue;
      const values = valuesOf(window);
      this.#latest.set(model, { atMs, values });
      await this.#write(model, atMs, values, nowMs);
    }
  }

  /** Measures each day of a range of history; the last one as of the end of the range. */
  async measureHistory(range: TimeRange, nowMs: number): Promise<void> {
    for (const model of await this.#activeModels(range)) {
      const windows = await performanceWindows(this.#options.store, {
        model,
        window: 'day',
        ...range,
        task: this.#options.taskOf(model),
      });
      for (const window of windows)
        await this.#write(model, Math.min(window.toMs, range.toMs), valuesOf(window), nowMs);
    }
  }

  /** Repeats the newest measurement of each model for a minute. */
  async carry(minuteEndMs: number, nowMs: number): Promise<void> {
    for (const [model, { atMs, values }] of this.#latest) {
      if (minuteEndMs > atMs && minuteEndMs - atMs <= CARRIED_MS) await this.#write(model, minuteEndMs, values, nowMs);
    }
  }

  async #newestLabeled(model: string, atMs: number): Promise<PerformanceWindow | undefined> {
    const horizonMs = this.#options.horizonOf(model);
    const measureSince = async (fromMs: number): Promise<PerformanceWindow | undefined> => {
      const { store, taskOf } = this.#options;
      const task = taskOf(model);
      const options = { model, window: 'all', fromMs, toMs: atMs, task, labelsBefore: atMs } as const;
      return (await performanceWindows(store, options))[0];
    };
    const day = await measureSince(atMs - DAY_MS);
    if (day === undefined || day.labeled > 0 || horizonMs <= DAY_MS) return day;
    if (atMs - (this.#unlabeledAtMs.get(model) ?? Number.NEGATIVE_INFINITY) < UNLABELED_PAUSE_MS) return day;
    const whole = await measureSince(atMs - horizonMs);
    if (whole !== undefined && whole.labeled > 0) return whole;
    this.#unlabeledAtMs.set(model, atMs);
    return day;
  }

  async #activeModels(range: TimeRange): Promise<readonly string[]> {
    const models = await this.#options.store.query(knownModels, {});
    return models
      .filter((entry) => entry.first_ms < range.toMs && entry.last_ms >= range.fromMs)
      .map((entry) => entry.model);
  }

  async #write(model: string, atMs: number, values: Readonly<Record<string, number>>, nowMs: number): Promise<void> {
    const evaluatedAt = new Date(nowMs).toISOString();
    const rows: readonly Row[] = Object.entries(values).map(([signal, value]) => ({
      t: (atMs - MINUTE_MS) / 1000,
      signal,
      model,
      version: '',
      feature: '',
      segment: '',
      gpu: '',
      value,
      state: 'ok',
      evaluated_at: evaluatedAt,
    }));
    await this.#options.store.insert('signals', rows);
  }
}

function valuesOf(window: PerformanceWindow): Readonly<Record<string, number>> {
  const { accuracy, f1, auc, logLoss, mae, rmse, labelCoverage } = window;
  const all = { accuracy, f1, auc, log_loss: logLoss, mae, rmse, label_coverage_ratio: labelCoverage };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, number] => entry[1] !== null));
}
