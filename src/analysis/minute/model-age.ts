import { writeModelAges } from '../../store/queries/model-age.ts';
import type { Store } from '../../store/store.ts';
import type { TimeRange } from './reference-ranges.ts';

/**
 * Writes the signal model_age_seconds of every minute of a range for the models whose age a registry knows; no_data
 * where it has not answered for `freshMs` milliseconds, which each model has its own.
 */
export async function writeRegistryAges(options: {
  readonly store: Store;
  readonly models: readonly { readonly model: string; readonly freshMs: number }[];
  readonly range: TimeRange;
  readonly nowMs: number;
}): Promise<void> {
  const { store, models, range, nowMs } = options;
  if (models.length === 0) return;
  await store.command({
    name: 'write_model_ages',
    sql: writeModelAges,
    parameters: {
      models: models.map(({ model }) => model),
      from: toText(range.fromMs),
      to: toText(range.toMs),
      now: new Date(nowMs).toISOString().slice(0, 23).replace('T', ' '),
      fresh_seconds: models.map(({ freshMs }) => Math.ceil(freshMs / 1000)),
    },
  });
}

function toText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
