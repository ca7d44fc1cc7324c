import type { Logger } from 'pino';
import { groupBy } from '../../core/group-by.ts';
import { featuresWithoutGrid, knownModels, predictionWithoutGrid } from '../../store/queries/grids.ts';
import { type FitRows, type GridMaker, makeGrids, type NewFeature } from './grids.ts';
import type { TimeRange } from './reference-ranges.ts';

/** A model with predictions. */
export interface KnownModel {
  readonly model: string;
  /** Predictions stored. */
  readonly n: number;
  /** From the first prediction to the last. */
  readonly range: TimeRange;
}

const MIN_ROWS = 200;

/** Finds the features that have no bins yet and makes them. */
export class MissingGrids {
  readonly #maker: GridMaker;
  readonly #logger: Logger;
  /** How many predictions a model had when its predictions were last looked at: counting them reads its rows. */
  readonly #looked = new Map<string, number>();
  #turn: Promise<void> = Promise.resolve();

  constructor(maker: GridMaker, logger: Logger) {
    this.#maker = maker;
    this.#logger = logger;
  }

  /** Returns the models that have predictions. */
  async models(): Promise<readonly KnownModel[]> {
    const rows = await this.#maker.store.query(knownModels, {});
    return rows.map(({ model, n, first_ms: fromMs, last_ms: lastMs }) => ({
      model,
      n,
      range: { fromMs, toMs: lastMs + 1 },
    }));
  }

  /**
   * Makes the missing bins of some models.
   *
   * @param fitRows  The rows that bins are fitted on.
   * @returns        The models whose bins have changed.
   */
  make(models: readonly KnownModel[], fitRows: (known: KnownModel) => FitRows): Promise<ReadonlySet<string>> {
    return this.#inTurn(() => this.#make(models, fitRows));
  }

  /** Makes the bins of some features of a model anew, whether they have any or not. */
  remake(model: string, rows: FitRows, features: readonly NewFeature[]): Promise<void> {
    return this.#inTurn(() => makeGrids(this.#maker, model, rows, features));
  }

  /** Bins get their numbers one after the other, so two never make any at once. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  async #make(models: readonly KnownModel[], fitRows: (known: KnownModel) => FitRows): Promise<ReadonlySet<string>> {
    const { store } = this.#maker;
    const found = groupBy(await store.query(featuresWithoutGrid, { min_rows: MIN_ROWS }), ({ model }) => model);
    const changed = new Set<string>();
    for (const known of models) {
      const wanted: NewFeature[] = [...(found.get(known.model) ?? []), ...(await this.#prediction(known))];
      if (wanted.length === 0) continue;
      await makeGrids(this.#maker, known.model, fitRows(known), wanted);
      changed.add(known.model);
      this.#logger.info(
        { event: 'grids_made', model: known.model, features: wanted.length },
        'New features are being watched.',
      );
    }
    return changed;
  }

  /** Looks again only when a model has twice the rows of the last time. */
  async #prediction({ model, n }: KnownModel): Promise<readonly NewFeature[]> {
    if (n < MIN_ROWS || n < 2 * (this.#looked.get(model) ?? 0)) return [];
    this.#looked.set(model, n);
    return this.#maker.store.query(predictionWithoutGrid, { model, min_rows: MIN_ROWS });
  }
}
