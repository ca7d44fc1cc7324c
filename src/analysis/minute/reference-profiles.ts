import type { Clock } from '../../core/clock.ts';
import { fixedProfiles, writeReferenceProfile } from '../../store/queries/drift-rollup.ts';
import type { Store } from '../../store/store.ts';
import type { DriftPlan } from './drift-job.ts';
import { isShared, referenceRows, type TimeRange } from './reference-ranges.ts';

/** Merges references once and remembers which are merged, so that judging a window reads one row a feature. */
export class ReferenceProfiles {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Version of the merged reference of models whose reference is fixed. */
  readonly #fixed = new Map<string, number>();
  /** Key of the newest merged reference of all other models. */
  readonly #newest = new Map<string, number>();

  constructor(options: { readonly store: Store; readonly wallClock: Clock }) {
    this.#store = options.store;
    this.#clock = options.wallClock;
  }

  async load(): Promise<void> {
    for (const row of await this.#store.query(fixedProfiles, {})) this.#fixed.set(row.model, row.reference_version);
  }

  /** Returns the key of the profile for a closed window, merged now when it is not there. */
  async keyFor(plan: DriftPlan, window: TimeRange): Promise<number> {
    if (isShared(plan.reference)) {
      if (this.#fixed.get(plan.model) !== plan.referenceVersion) await this.#write(plan, window, 0);
      this.#fixed.set(plan.model, plan.referenceVersion);
      return 0;
    }
    const key = window.toMs / 1000;
    await this.#write(plan, window, key);
    this.#newest.set(plan.model, Math.max(key, this.#newest.get(plan.model) ?? 0));
    return key;
  }

  /** Returns the key of the newest profile, which serves the sliding window until the next one closes. */
  async keyForSliding(plan: DriftPlan, window: TimeRange): Promise<number> {
    return this.#newest.get(plan.model) ?? this.keyFor(plan, window);
  }

  /** Forgets what was merged for a model: its bins, its reference or the rows under it have changed. */
  forget(model: string): void {
    this.#fixed.delete(model);
    this.#newest.delete(model);
  }

  async #write(plan: DriftPlan, window: TimeRange, key: number): Promise<void> {
    const rows = referenceRows(plan.reference, window);
    await this.#store.command({
      name: 'write_reference_profile',
      sql: writeReferenceProfile,
      parameters: {
        model: plan.model,
        key,
        profile_version: plan.referenceVersion,
        window: plan.windowMs / 1000,
        reference_from: rows.ranges.map((range) => Math.floor(range.fromMs / 1000)),
        reference_to: rows.ranges.map((range) => Math.floor(range.toMs / 1000)),
        reference_version: rows.version,
        created: new Date(this.#clock.now()).toISOString().slice(0, 23).replace('T', ' '),
      },
    });
  }
}
