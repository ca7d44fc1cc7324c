import { groupBy } from '../../core/group-by.ts';
import { referenceFileRequests } from '../../store/queries/reference-files.ts';
import { referenceRequests } from '../../store/queries/window-requests.ts';
import type { Store } from '../../store/store.ts';
import type { KeyedPlan } from './drift-plan.ts';
import { referenceRows, type TimeRange } from './reference-ranges.ts';

/** Requests of one window, and those of them that did not fail. */
export interface Requests {
  readonly all: number;
  readonly ok: number;
}

interface Known {
  readonly key: number;
  readonly referenceVersion: number;
  readonly windows: readonly Requests[];
}

/** Counts the requests of references, window by window, and remembers those of the reference each model has now. */
export class ReferenceRequests {
  readonly #store: Store;
  readonly #known = new Map<string, Known>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Returns the requests of each model's reference in its windows that have any, oldest first.
   *
   * @param plans  Models whose windows have the same length.
   */
  async of(plans: readonly KeyedPlan[], range: TimeRange): Promise<ReadonlyMap<string, readonly Requests[]>> {
    const unknown = plans.filter(({ plan, key }) => {
      const known = this.#known.get(plan.model);
      return known?.key !== key || known.referenceVersion !== plan.referenceVersion;
    });
    const alike = groupBy(unknown, ({ plan, key }) => `${key} ${JSON.stringify(plan.reference)}`);
    for (const group of alike.values()) await this.#count(group, range);
    return new Map(plans.map(({ plan }) => [plan.model, this.#known.get(plan.model)?.windows ?? []]));
  }

  /** Forgets the reference of a model: it was replaced, or rows came late into it. */
  forget(model: string): void {
    this.#known.delete(model);
  }

  async #count(group: readonly KeyedPlan[], range: TimeRange): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { plan, key } = first;
    const { reference } = plan;
    if (reference.kind === 'file') {
      for (const each of group) await this.#countFile(each, reference.source);
      return;
    }
    const endMs = key === 0 ? range.toMs : key * 1000;
    const source = referenceRows(reference, { fromMs: endMs - plan.windowMs, toMs: endMs });
    const rows = await this.#store.query(referenceRequests, {
      models: group.map((each) => each.plan.model),
      reference_from: source.ranges.map(({ fromMs }) => Math.floor(fromMs / 1000)),
      reference_to: source.ranges.map(({ toMs }) => Math.floor(toMs / 1000)),
      window: plan.windowMs / 1000,
      version: source.version,
    });
    const found = new Map(rows.map((row) => [row.model, row.windows.map(([all, bad]) => ({ all, ok: all - bad }))]));
    for (const each of group) {
      const { model, referenceVersion } = each.plan;
      this.#known.set(model, { key, referenceVersion, windows: found.get(model) ?? [] });
    }
  }

  async #countFile({ plan, key }: KeyedPlan, source: string): Promise<void> {
    const { model, referenceVersion, windowMs } = plan;
    const rows = await this.#store.query(referenceFileRequests, { source, window: windowMs / 1000 });
    const windows = rows.map(({ requests, failed }) => ({ all: requests, ok: requests - failed }));
    this.#known.set(model, { key, referenceVersion, windows });
  }
}
