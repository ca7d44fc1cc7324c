import type { Clock } from '../../core/clock.ts';
import {
  backfillCategories,
  backfillMissing,
  backfillNumbers,
  completeGrids,
  featuresWithoutGrid,
  fitCategoryGrids,
  fitNumericGrids,
  nextGridId,
  writeGridValues,
} from '../../store/queries/grids.ts';
import type { Store } from '../../store/store.ts';
import type { TimeRange } from './reference-ranges.ts';

export interface GridMaker {
  readonly store: Store;
  /** The machine's clock: rows are told apart by when they arrived. */
  readonly wallClock: Clock;
  /** Resolves when all rows taken in before the call are stored. */
  readonly drainIngest: () => Promise<void>;
}

/** How long before it becomes active a grid must be known to the ingest path, in milliseconds. */
const LEAD_MS = 1500;
const MIN_ROWS = 200;

/**
 * Freezes the bins of features that have none yet, fitted on the rows of a range, and counts what arrived before.
 * Rows that arrive at or after the moment of activation are counted by the ingest path itself, so none is counted
 * twice or forgotten.
 *
 * @returns how many features got bins
 */
export async function makeGrids(maker: GridMaker, model: string, range: TimeRange): Promise<number> {
  const { store, wallClock } = maker;
  const wanted = await store.query(featuresWithoutGrid, { model, min_rows: MIN_ROWS });
  if (wanted.length === 0) return 0;
  const numeric = wanted.filter((entry) => entry.kind === 'numeric').map((entry) => entry.feature);
  const categorical = wanted.filter((entry) => entry.kind === 'categorical').map((entry) => entry.feature);
  const firstId = (await store.query(nextGridId, {}))[0]?.id ?? 1;
  const rows = { model, from: timestamp(range.fromMs), to: timestamp(range.toMs) };
  let activeFromMs = await fit(firstId);
  // Only a dictionary that knows the grid in time counts all rows from the moment of activation on.
  while (wallClock.now() >= activeFromMs) activeFromMs = await fit(firstId);
  await wallClock.sleep(activeFromMs - wallClock.now() + 50);
  await maker.drainIngest();
  const backfill = { model, first_id: firstId, active_from: timestamp(activeFromMs) };
  await store.command({ name: 'backfill_numbers', sql: backfillNumbers, parameters: backfill });
  await store.command({ name: 'backfill_categories', sql: backfillCategories, parameters: backfill });
  await store.command({ name: 'backfill_missing', sql: backfillMissing, parameters: backfill });
  await store.command({ name: 'complete_grids', sql: completeGrids, parameters: { model, first_id: firstId } });
  return wanted.length;

  async function fit(id: number): Promise<number> {
    const created = wallClock.now();
    const active = created + LEAD_MS;
    const parameters = { ...rows, created: timestamp(created), active_from: timestamp(active) };
    await store.command({ name: 'fit_numeric_grids', sql: fitNumericGrids, parameters: { ...parameters, first_id: id, features: numeric } });
    const next = (await store.query(nextGridId, {}))[0]?.id ?? id;
    const categoryId = Math.max(id + numeric.length, next);
    await store.command({ name: 'fit_category_grids', sql: fitCategoryGrids, parameters: { ...parameters, first_id: categoryId, features: categorical } });
    await store.command({ name: 'write_grid_values', sql: writeGridValues, parameters: { model, first_id: id } });
    await store.command({ name: 'reload_grid_values', sql: `SYSTEM RELOAD DICTIONARY ${store.database}.grid_value_codes` });
    await store.command({ name: 'reload_grids', sql: `SYSTEM RELOAD DICTIONARY ${store.database}.grid_by_feature` });
    return active;
  }
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ');
}
