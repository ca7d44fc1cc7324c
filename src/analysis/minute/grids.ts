import type { Clock } from '../../core/clock.ts';
import {
  activateGrids,
  backfillCategories,
  backfillMissing,
  backfillNumbers,
  completeGrids,
  fitCategoryGrids,
  fitNumericGrids,
  nextGridId,
  writeGridValues,
} from '../../store/queries/grids.ts';
import type { Store } from '../../store/store.ts';

export interface GridMaker {
  readonly store: Store;
  /** The machine's clock: rows are told apart by when they arrived. */
  readonly wallClock: Clock;
  /** Resolves when all rows taken in before the call are stored. */
  readonly drainIngest: () => Promise<void>;
}

/** How long before it becomes active a grid must be known to the ingest path, in milliseconds. */
const LEAD_MS = 1500;
/** Until it is activated a grid counts nothing. */
const NEVER = '2200-01-01 00:00:00.000';

/** The rows that bins are fitted on: a model's predictions in a range of time, or the rows of a file. */
export type FitRows = { readonly fromMs: number; readonly toMs: number } | { readonly file: string };

/** One feature that gets bins. */
export interface NewFeature {
  readonly feature: string;
  readonly kind: 'numeric' | 'categorical';
}

/**
 * Freezes the bins of some features of a model, fitted on some rows, and counts what arrived before.
 * Rows that arrive at or after the moment of activation are counted by the ingest path itself, so none is counted
 * twice or forgotten.
 */
export async function makeGrids(
  maker: GridMaker,
  model: string,
  rows: FitRows,
  wanted: readonly NewFeature[],
): Promise<void> {
  const { store, wallClock } = maker;
  if (wanted.length === 0) return;
  const numeric = wanted.filter((entry) => entry.kind === 'numeric').map((entry) => entry.feature);
  const categorical = wanted.filter((entry) => entry.kind === 'categorical').map((entry) => entry.feature);
  const firstId = (await store.query(nextGridId, {}))[0]?.id ?? 1;
  await fitGrids(maker, { model, rows, numeric, categorical, firstId });
  const activeFromMs = await activate(maker, model, firstId);
  await wallClock.sleep(activeFromMs - wallClock.now() + 50);
  await maker.drainIngest();
  const backfill = { model, first_id: firstId, active_from: timestamp(activeFromMs) };
  await store.command({ name: 'backfill_numbers', sql: backfillNumbers, parameters: backfill });
  await store.command({ name: 'backfill_categories', sql: backfillCategories, parameters: backfill });
  await store.command({ name: 'backfill_missing', sql: backfillMissing, parameters: backfill });
  await store.command({ name: 'complete_grids', sql: completeGrids, parameters: { model, first_id: firstId } });
}

async function fitGrids(
  maker: GridMaker,
  job: {
    readonly model: string;
    readonly rows: FitRows;
    readonly numeric: readonly string[];
    readonly categorical: readonly string[];
    readonly firstId: number;
  },
): Promise<void> {
  const { store, wallClock } = maker;
  const { model, rows, numeric, categorical, firstId } = job;
  const isFile = 'file' in rows;
  const parameters = {
    model,
    rows: isFile ? 'reference_rows' : 'predictions',
    source: isFile ? rows.file : model,
    from: timestamp(isFile ? 0 : rows.fromMs),
    to: isFile ? NEVER : timestamp(rows.toMs),
    created: timestamp(wallClock.now()),
    active_from: NEVER,
  };
  await store.command({
    name: 'fit_numeric_grids',
    sql: fitNumericGrids,
    parameters: { ...parameters, first_id: firstId, features: numeric },
  });
  const categoryId = firstId + numeric.length;
  await store.command({
    name: 'fit_category_grids',
    sql: fitCategoryGrids,
    parameters: { ...parameters, first_id: categoryId, features: categorical },
  });
  await store.command({ name: 'write_grid_values', sql: writeGridValues, parameters: { model, first_id: firstId } });
}

/** Only a dictionary that knows the moment of activation before it comes counts every row from then on. */
async function activate(maker: GridMaker, model: string, firstId: number): Promise<number> {
  const { store, wallClock } = maker;
  for (let leadMs = LEAD_MS; ; leadMs *= 2) {
    const activeFromMs = wallClock.now() + leadMs;
    await store.command({
      name: 'activate_grids',
      sql: activateGrids,
      parameters: { model, first_id: firstId, active_from: timestamp(activeFromMs) },
    });
    await store.command({
      name: 'reload_grid_values',
      sql: `SYSTEM RELOAD DICTIONARY ${store.database}.grid_value_codes`,
    });
    await store.command({ name: 'reload_grids', sql: `SYSTEM RELOAD DICTIONARY ${store.database}.grid_by_key` });
    if (wallClock.now() < activeFromMs) return activeFromMs;
  }
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ');
}
