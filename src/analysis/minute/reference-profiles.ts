import type { Clock } from '../../core/clock.ts';
import { groupBy } from '../../core/group-by.ts';
import { fixedProfiles } from '../../store/queries/drift-rollup.ts';
import { writeProfilesFromBuckets, writeProfilesFromWindows } from '../../store/queries/feature-windows.ts';
import { writeProfileFromFile } from '../../store/queries/reference-files.ts';
import type { Store } from '../../store/store.ts';
import type { DriftPlan } from './drift-plan.ts';
import type { FeatureWindows } from './feature-windows.ts';
import { isShared, type ReferenceRows, referenceRows, type TimeRange } from './reference-ranges.ts';

/** Merges references once and remembers which are merged, so that judging a window reads one row a feature. */
export class ReferenceProfiles {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #windows: FeatureWindows;
  /** Version of the merged reference of models whose reference is fixed. */
  readonly #fixed = new Map<string, number>();
  /** Key of the newest merged reference of all other models. */
  readonly #newest = new Map<string, number>();

  constructor(options: { readonly store: Store; readonly wallClock: Clock; readonly windows: FeatureWindows }) {
    this.#store = options.store;
    this.#clock = options.wallClock;
    this.#windows = options.windows;
  }

  async load(): Promise<void> {
    for (const row of await this.#store.query(fixedProfiles, {})) this.#fixed.set(row.model, row.reference_version);
  }

  /**
   * Returns the key of the profile of each plan for a closed window, merged now where it is not there.
   *
   * @param plans  Models whose windows have the same length.
   */
  async keysFor(plans: readonly DriftPlan[], window: TimeRange): Promise<readonly number[]> {
    const key = window.toMs / 1000;
    const unmerged = plans.filter(
      (plan) => !isShared(plan.reference) || this.#fixed.get(plan.model) !== plan.referenceVersion,
    );
    for (const alike of groupBy(unmerged, ({ reference }) => JSON.stringify(reference)).values()) {
      const [first] = alike;
      if (first !== undefined) await this.#write(alike, first, window, isShared(first.reference) ? 0 : key);
    }
    for (const { model, reference, referenceVersion } of unmerged) {
      if (isShared(reference)) this.#fixed.set(model, referenceVersion);
      else this.#newest.set(model, Math.max(key, this.#newest.get(model) ?? 0));
    }
    return plans.map(({ reference }) => (isShared(reference) ? 0 : key));
  }

  /** Returns the keys of the newest profiles, which serve the sliding window until the next one closes. */
  async keysForSliding(plans: readonly DriftPlan[], window: TimeRange): Promise<readonly number[]> {
    const fresh = plans.filter(({ model }) => !this.#newest.has(model));
    const made = await this.keysFor(fresh, window);
    const keys = new Map(fresh.map(({ model }, index) => [model, made[index] ?? 0]));
    return plans.map(({ model }) => keys.get(model) ?? this.#newest.get(model) ?? 0);
  }

  /** Forgets what was merged for a model: its bins or its reference have changed. */
  forget(model: string): void {
    this.#fixed.delete(model);
    this.#newest.delete(model);
  }

  /** Forgets the merged reference of a model when rows came late into it. */
  noteLate(plan: DriftPlan, range: TimeRange): void {
    const { reference } = plan;
    if (reference.kind === 'fixed' && range.fromMs < reference.toMs && range.toMs > reference.fromMs)
      this.#fixed.delete(plan.model);
  }

  async #write(plans: readonly DriftPlan[], first: DriftPlan, window: TimeRange, key: number): Promise<void> {
    const { reference } = first;
    if (reference.kind === 'file') {
      for (const plan of plans) await this.#writeFromFile(plan, reference.source);
      return;
    }
    const rows = referenceRows(reference, window);
    const models = plans.map(({ model }) => model);
    const { windowMs } = first;
    const parameters = {
      models,
      versions: plans.map(({ referenceVersion }) => referenceVersion),
      key,
      window: windowMs / 1000,
      reference_from: rows.ranges.map((range) => Math.floor(range.fromMs / 1000)),
      reference_to: rows.ranges.map((range) => Math.floor(range.toMs / 1000)),
      created: new Date(this.#clock.now()).toISOString().slice(0, 23).replace('T', ' '),
    };
    // A fixed reference is merged once; its windows would serve nobody else.
    if (first.reference.kind === 'fixed' || !areWholeWindows(rows, windowMs)) {
      await this.#store.command({
        name: 'write_profiles_from_buckets',
        sql: writeProfilesFromBuckets,
        parameters: { ...parameters, reference_version: rows.version },
      });
      return;
    }
    for (const range of rows.ranges) await this.#windows.ensure(models, windowMs, range);
    await this.#store.command({ name: 'write_profiles_from_windows', sql: writeProfilesFromWindows, parameters });
  }

  #writeFromFile(plan: DriftPlan, source: string): Promise<void> {
    return this.#store.command({
      name: 'write_profile_from_file',
      sql: writeProfileFromFile,
      parameters: {
        model: plan.model,
        source,
        window: plan.windowMs / 1000,
        profile_version: plan.referenceVersion,
        created: new Date(this.#clock.now()).toISOString().slice(0, 23).replace('T', ' '),
      },
    });
  }
}

function areWholeWindows(rows: ReferenceRows, windowMs: number): boolean {
  return (
    rows.version === '' && rows.ranges.every(({ fromMs, toMs }) => fromMs % windowMs === 0 && toMs % windowMs === 0)
  );
}
