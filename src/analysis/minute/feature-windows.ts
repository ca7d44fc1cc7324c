import type { Clock } from '../../core/clock.ts';
import { groupBy } from '../../core/group-by.ts';
import { mergedWindows, writeFeatureWindows } from '../../store/queries/feature-windows.ts';
import type { Store } from '../../store/store.ts';
import type { TimeRange } from './reference-ranges.ts';

/** Merges histograms into windows once, and remembers for each model and window length which range is merged. */
export class FeatureWindows {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #merged = new Map<string, TimeRange>();

  constructor(options: { readonly store: Store; readonly wallClock: Clock }) {
    this.#store = options.store;
    this.#clock = options.wallClock;
  }

  async load(): Promise<void> {
    for (const row of await this.#store.query(mergedWindows, {})) {
      this.#merged.set(keyOf(row.model, row.window * 1000), { fromMs: row.from_s * 1000, toMs: row.to_s * 1000 });
    }
  }

  /**
   * Makes sure that the windows of some models are merged in a range.
   *
   * @param range  Whole windows of `windowMs`.
   */
  async ensure(models: readonly string[], windowMs: number, range: TimeRange): Promise<void> {
    const missing = models.flatMap((model) => this.#missing(model, windowMs, range).map((part) => ({ model, part })));
    for (const alike of groupBy(missing, ({ part }) => `${part.fromMs} ${part.toMs}`).values()) {
      const [first] = alike;
      const names = alike.map(({ model }) => model);
      if (first !== undefined) await this.#write(names, windowMs, first.part);
    }
    for (const model of models) {
      const known = this.#merged.get(keyOf(model, windowMs)) ?? range;
      const fromMs = Math.min(known.fromMs, range.fromMs);
      this.#merged.set(keyOf(model, windowMs), { fromMs, toMs: Math.max(known.toMs, range.toMs) });
    }
  }

  /** Merges windows again that have got rows since; those never merged are left alone. */
  async refresh(models: readonly string[], windowMs: number, range: TimeRange): Promise<void> {
    const touched = models.filter((model) => {
      const known = this.#merged.get(keyOf(model, windowMs));
      return known !== undefined && range.fromMs < known.toMs && range.toMs > known.fromMs;
    });
    if (touched.length > 0) await this.#write(touched, windowMs, range);
  }

  /** Forgets what is merged for a model: its bins have changed. */
  forget(model: string): void {
    for (const key of this.#merged.keys()) if (key.endsWith(` ${model}`)) this.#merged.delete(key);
  }

  /** What is merged stays one range without a gap, so the parts before and after it are what is missing. */
  #missing(model: string, windowMs: number, range: TimeRange): readonly TimeRange[] {
    const known = this.#merged.get(keyOf(model, windowMs));
    if (known === undefined) return [range];
    const before = { fromMs: range.fromMs, toMs: known.fromMs };
    const after = { fromMs: known.toMs, toMs: range.toMs };
    return [before, after].filter(({ fromMs, toMs }) => fromMs < toMs);
  }

  /** Part by part: each holds one array of 250 bins a feature and window in memory. */
  async #write(models: readonly string[], windowMs: number, range: TimeRange): Promise<void> {
    const stepMs = windowMs * Math.max(1, Math.floor(WINDOWS_AT_ONCE / models.length));
    for (let fromMs = range.fromMs; fromMs < range.toMs; fromMs += stepMs) {
      await this.#store.command({
        name: 'write_feature_windows',
        sql: writeFeatureWindows,
        parameters: {
          models,
          window: windowMs / 1000,
          from: fromMs / 1000,
          to: Math.min(range.toMs, fromMs + stepMs) / 1000,
          created: new Date(this.#clock.now()).toISOString().slice(0, 23).replace('T', ' '),
        },
      });
    }
  }
}

/** Windows of a model, with some fifty features, that are merged by one statement. */
const WINDOWS_AT_ONCE = 1000;

function keyOf(model: string, windowMs: number): string {
  return `${windowMs} ${model}`;
}
