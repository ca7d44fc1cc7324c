import { groupBy } from '../../core/group-by.ts';
import { pool, rowsOf } from '../../stats/overdispersion.ts';
import type { Events } from '../../stats/two-proportion.ts';
import type { RollupRow } from '../../store/queries/drift-rollup.ts';
import { absentFeatures, watchedFeatures, windowRequests } from '../../store/queries/window-requests.ts';
import type { Store } from '../../store/store.ts';
import type { KeyedPlan } from './drift-plan.ts';
import { isPrediction } from './prediction-features.ts';
import type { ReferenceRequests, Requests } from './reference-requests.ts';
import type { TimeRange } from './reference-ranges.ts';

/** One feature and window; missing counts are of all requests, so that a feature that is not sent at all is missing too. */
export type WholeRow = RollupRow & {
  /** Requests without the feature among all of each reference window, oldest first; empty when that is not known. */
  readonly missing_windows: readonly Events[];
};

/** All watched features of one model and window, also those that none of its requests carried. */
export interface WholeWindow {
  readonly model: string;
  readonly fromMs: number;
  readonly rows: readonly WholeRow[];
}

/**
 * Completes the counts of features by what only the number of requests can tell: which features were not sent.
 *
 * @param job.rows  Ordered by model and window.
 * @returns         Windows in the same order.
 */
export async function completeWindows(job: {
  readonly store: Store;
  readonly requests: ReferenceRequests;
  readonly plans: readonly KeyedPlan[];
  readonly range: TimeRange;
  readonly windowMs: number;
  readonly rows: readonly RollupRow[];
}): Promise<readonly WholeWindow[]> {
  const { store, plans, range, windowMs, rows } = job;
  const models = plans.map(({ plan }) => plan.model);
  const requests = new Map<string, Requests>();
  for (const row of await store.query(windowRequests, {
    models,
    from: range.fromMs / 1000,
    to: range.toMs / 1000,
    window: windowMs / 1000,
  })) {
    requests.set(`${row.model} ${row.window_from}`, { all: row.requests, ok: row.requests - row.failed });
  }
  const references = await job.requests.of(plans, range);
  const present = groupBy(rows, (row) => `${row.model} ${row.window_from}`);
  for (const key of requests.keys()) if (!present.has(key)) present.set(key, []);
  const absent = await absentRows(job, present);
  return [...present]
    .map(([key, members]) => {
      const [model, from] = [key.slice(0, key.lastIndexOf(' ')), Number(key.slice(key.lastIndexOf(' ') + 1))];
      const own = requests.get(key);
      const all = [...members, ...(absent.get(key) ?? [])];
      return {
        model,
        fromMs: from * 1000,
        rows: all.map((row) => complete(row, own, references.get(model) ?? [])),
      };
    })
    .filter((window) => window.rows.length > 0)
    .sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : a.fromMs - b.fromMs));
}

/** Rows of the features that no request of a window carried although the reference has them, by window. */
async function absentRows(
  job: { readonly store: Store; readonly plans: readonly KeyedPlan[] },
  present: ReadonlyMap<string, readonly RollupRow[]>,
): Promise<ReadonlyMap<string, readonly RollupRow[]>> {
  const { store, plans } = job;
  const models = plans.map(({ plan }) => plan.model);
  const watched = await store.query(watchedFeatures, { models });
  const byModel = new Map(watched.map((row) => [row.model, row.features]));
  const wanted = new Map<string, readonly string[]>();
  for (const [key, members] of present) {
    const sent = new Set(members.map(({ feature }) => feature));
    const absent = (byModel.get(key.slice(0, key.lastIndexOf(' '))) ?? []).filter((feature) => !sent.has(feature));
    if (absent.length > 0) wanted.set(key, absent);
  }
  if (wanted.size === 0) return new Map();
  const concerned = new Set([...wanted.keys()].map((key) => key.slice(0, key.lastIndexOf(' '))));
  const some = plans.filter(({ plan }) => concerned.has(plan.model));
  const references = await store.query(absentFeatures, {
    models: some.map(({ plan }) => plan.model),
    keys: some.map(({ key }) => key),
    features: [...new Set([...wanted.values()].flat())],
  });
  const found = new Map(references.map((row) => [`${row.model} ${row.feature}`, row]));
  return new Map(
    [...wanted].map(([key, features]) => {
      const at = key.lastIndexOf(' ');
      const rows = features.flatMap((feature) => {
        const reference = found.get(`${key.slice(0, at)} ${feature}`);
        return reference === undefined || reference.n_reference === 0
          ? []
          : [emptyRow(reference, Number(key.slice(at + 1)))];
      });
      return [key, rows] as const;
    }),
  );
}

type AbsentFeature = Pick<
  RollupRow,
  | 'model'
  | 'feature'
  | 'kind'
  | 'category_values'
  | 'reference_windows'
  | 'n_reference'
  | 'missing_reference'
  | 'unseen_reference'
>;

function emptyRow(reference: AbsentFeature, windowFrom: number): RollupRow {
  const groups = reference.kind === 'categorical' ? reference.category_values.length + 1 : 10;
  const none = Array.from({ length: groups }, () => 0);
  const pooled = pool(reference.reference_windows);
  return {
    ...reference,
    window_from: windowFrom,
    current_groups: none,
    reference_groups: pooled.length === groups ? pooled : none,
    n_current: 0,
    missing_current: 0,
    unseen: 0,
    ks: 0,
    ks_error: 0,
    js_distance: 0,
  };
}

function complete(row: RollupRow, requests: Requests | undefined, reference: readonly Requests[]): WholeRow {
  const of = (counts: Requests | undefined): number => (isPrediction(row.feature) ? counts?.ok : counts?.all) ?? 0;
  const missing = Math.max(row.missing_current, of(requests) - row.n_current);
  // A feature may be younger than the reference: its windows are the last ones.
  const values = row.reference_windows.map(rowsOf);
  const totals = values.length === 0 ? reference : reference.slice(-values.length);
  const missingWindows =
    values.length === 0 || totals.length < values.length
      ? []
      : totals.map((counts, index): Events => {
          const n = Math.max(of(counts), values[index] ?? 0);
          return { k: n - (values[index] ?? 0), n };
        });
  const total = totals.reduce((sum, counts) => sum + of(counts), 0);
  return {
    ...row,
    missing_current: missing,
    missing_reference: Math.max(row.missing_reference, total - row.n_reference),
    missing_windows: missingWindows,
  };
}
