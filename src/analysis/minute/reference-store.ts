import { AppError } from '../../core/errors.ts';
import { allReferences, predictionsInRange } from '../../store/queries/references.ts';
import type { Store } from '../../store/store.ts';
import type { DriftSchedule } from './drift-schedule.ts';
import type { Reference } from './reference-ranges.ts';

export interface StoredReference {
  readonly model: string;
  readonly referenceVersion: number;
  readonly kind: string;
  readonly spec: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
  readonly createdMs: number;
}

/** Lists references, newest first; undefined: of all models. */
export async function listReferences(store: Store, model: string | undefined): Promise<readonly StoredReference[]> {
  const rows = await store.query(allReferences, { model: model ?? '' });
  return rows.map((row) => ({
    model: row.model,
    referenceVersion: row.reference_version,
    kind: row.kind,
    spec: row.spec,
    fromMs: row.from_ms,
    toMs: row.to_ms,
    rows: row.rows,
    createdMs: row.created_ms,
  }));
}

/**
 * Stores a new version of a model's reference and judges its history against it.
 *
 * @throws E_USAGE when a fixed range holds no predictions
 */
export async function replaceReference(options: {
  readonly store: Store;
  readonly schedule: DriftSchedule;
  readonly model: string;
  readonly reference: Reference;
  readonly nowMs: number;
}): Promise<StoredReference> {
  const { store, schedule, model, reference, nowMs } = options;
  const range = reference.kind === 'fixed' ? reference : { fromMs: 0, toMs: 0 };
  const rows =
    reference.kind === 'fixed'
      ? ((await store.query(predictionsInRange, { model, from_ms: range.fromMs, to_ms: range.toMs }))[0]?.n ?? 0)
      : 0;
  if (reference.kind === 'fixed' && rows === 0) {
    throw new AppError(
      'E_USAGE',
      `There are no predictions of ${model} between ${iso(range.fromMs)} and ${iso(range.toMs)}.`,
    );
  }
  return putInForce({ store, schedule, model, reference, fromMs: range.fromMs, toMs: range.toMs, rows, nowMs });
}

/** Stores a new version of a model's reference, whose rows have been counted, and judges its history against it. */
export async function putInForce(options: {
  readonly store: Store;
  readonly schedule: DriftSchedule;
  readonly model: string;
  readonly reference: Reference;
  /** Times of the reference's rows in milliseconds since 1970; 0 when they move or there are none. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
  readonly nowMs: number;
}): Promise<StoredReference> {
  const { store, schedule, model, reference, fromMs, toMs, rows, nowMs } = options;
  const [newest] = await listReferences(store, model);
  const stored = {
    model,
    referenceVersion: (newest?.referenceVersion ?? 0) + 1,
    kind: reference.kind,
    spec: JSON.stringify(reference),
    fromMs,
    toMs,
    rows,
    createdMs: nowMs,
  };
  await store.insert('model_references', [
    {
      model,
      reference_version: stored.referenceVersion,
      kind: stored.kind,
      spec: stored.spec,
      from_ts: iso(stored.fromMs),
      to_ts: iso(stored.toMs),
      rows,
      created: iso(nowMs),
    },
  ]);
  await schedule.setReference(model, reference, stored.referenceVersion);
  return stored;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
