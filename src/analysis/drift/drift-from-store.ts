import { randomUUID } from 'node:crypto';
import type { FeatureFloors } from '../../stats/levels.ts';
import type { Store } from '../../store/store.ts';
import { compareDrift } from './compare.ts';
import type { ProfileId } from './profiles/profile.ts';
import type { DriftReport } from './report.ts';
import { DriftSession } from './session.ts';
import { type StoredRows, storedSource, type TimeSpan } from './stored-source.ts';
import type { WindowUnit } from './windows.ts';

/** Rows of one side: the model's, of one version or all, in one range of time or some; or those of a file. */
export type Side =
  | (TimeSpan & { readonly version?: string | undefined })
  | { readonly version?: string | undefined; readonly spans: readonly TimeSpan[] }
  | Extract<StoredRows, { file: unknown }>;

export interface StoredComparison {
  readonly store: Store;
  readonly model: string;
  readonly reference: Side;
  readonly current: Side;
  readonly window?: WindowUnit | undefined;
  readonly profile?: ProfileId | undefined;
  /** Profiles whose verdicts are shown beside. */
  readonly beside?: readonly ProfileId[] | undefined;
  readonly segment?: string | undefined;
  /** Features that are categories although they are numbers, and the other way round. */
  readonly categorical?: readonly string[] | undefined;
  readonly numeric?: readonly string[] | undefined;
  readonly budgetPerMonth?: number | undefined;
  readonly floors?: FeatureFloors | undefined;
}

/**
 * Compares two sides of a model's stored rows exactly, over the raw rows.
 *
 * @throws UsageError  when a side has no rows
 */
export async function driftFromStore(options: StoredComparison): Promise<DriftReport> {
  const { store, model } = options;
  const { report } = await compareDrift({
    session: new DriftSession(store),
    table: `drift_rows_${randomUUID().replaceAll('-', '')}`,
    reference: storedSource(rowsOf(model, options.reference)),
    current: storedSource(rowsOf(model, options.current)),
    referenceFilter: {},
    currentFilter: {},
    window: options.window ?? 'all',
    profile: options.profile ?? 'robust',
    beside: options.beside ?? [],
    overrides: { categorical: options.categorical ?? [], numeric: options.numeric ?? [] },
    budgetPerMonth: options.budgetPerMonth ?? 1,
    floors: options.floors,
    ...(options.segment === undefined ? {} : { segment: options.segment }),
  });
  return report;
}

function rowsOf(model: string, side: Side): StoredRows {
  if ('file' in side) return side;
  return { model, version: side.version, spans: 'spans' in side ? side.spans : [side] };
}
