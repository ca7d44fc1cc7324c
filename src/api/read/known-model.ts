import { AppError } from '../../core/errors.ts';
import { modelTotals } from '../../store/queries/models.ts';
import type { Store } from '../../store/store.ts';

/** A model that has sent predictions. Times in epoch ms. */
export interface KnownModel {
  readonly model: string;
  /** In natural order: 2 before 10. */
  readonly versions: readonly string[];
  readonly predictions: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Returns what is known of a model.
 *
 * @throws E_NOT_FOUND when no prediction names it
 */
export async function knownModel(store: Store, model: string): Promise<KnownModel> {
  const found = (await knownModels(store, model))[0];
  if (found === undefined)
    throw new AppError('E_NOT_FOUND', `No predictions of a model named ${model} have been received.`);
  return found;
}

/** Returns all models that have sent predictions, by name; or the one of that name. */
export async function knownModels(store: Store, model = ''): Promise<readonly KnownModel[]> {
  const rows = await store.query(modelTotals, { model });
  return rows.map((row) => ({
    model: row.model,
    versions: row.versions.toSorted(naturally),
    predictions: row.predictions,
    firstMs: row.first_ms,
    lastMs: row.last_ms,
  }));
}

/** Orders names so that numbers in them count as numbers. */
export function naturally(a: string, b: string): number {
  return COLLATOR.compare(a, b) || (a < b ? -1 : 1);
}

const COLLATOR = new Intl.Collator('en', { numeric: true });
