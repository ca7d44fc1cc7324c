import { groupBy } from '../../core/group-by.ts';
import { referenceWindows } from '../../store/queries/drift-rollup.ts';
import type { Store } from '../../store/store.ts';
import type { KeyedPlan } from './drift-plan.ts';

/** Counts by decile or category of each window of a reference, oldest first, by feature. */
export type WindowCounts = ReadonlyMap<string, readonly (readonly number[])[]>;

interface Known {
  readonly key: number;
  readonly referenceVersion: number;
  readonly counts: WindowCounts;
}

/** Reads how the windows of references vary, and remembers it for the reference each model has now: it is most of what a judgement reads. */
export class ReferenceWindows {
  readonly #store: Store;
  readonly #known = new Map<string, Known>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the windows of each model's reference. */
  async of(plans: readonly KeyedPlan[]): Promise<ReadonlyMap<string, WindowCounts>> {
    const unknown = plans.filter(({ plan, key }) => {
      const known = this.#known.get(plan.model);
      return known?.key !== key || known.referenceVersion !== plan.referenceVersion;
    });
    if (unknown.length > 0) {
      const rows = await this.#store.query(referenceWindows, {
        models: unknown.map(({ plan }) => plan.model),
        keys: unknown.map(({ key }) => key),
      });
      const byModel = groupBy(rows, ({ model }) => model);
      for (const { plan, key } of unknown) {
        const counts = new Map((byModel.get(plan.model) ?? []).map(({ feature, windows }) => [feature, windows]));
        this.#known.set(plan.model, { key, referenceVersion: plan.referenceVersion, counts });
      }
    }
    return new Map(plans.map(({ plan }) => [plan.model, this.#known.get(plan.model)?.counts ?? new Map()]));
  }

  /** Forgets the reference of a model: it was merged anew. */
  forget(model: string): void {
    this.#known.delete(model);
  }
}
