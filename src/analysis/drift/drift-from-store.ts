import { randomUUID } from 'node:crypto';
import type { Store } from '../../store/store.ts';
import { compareDrift } from './compare.ts';
import type { ProfileId } from './profiles/profile.ts';
import type { DriftReport } from './report.ts';
import { DriftSession } from './session.ts';
import { type StoredRange, storedSource } from './stored-source.ts';
import type { WindowUnit } from './windows.ts';

/** A half-open range of time, in epoch milliseconds, and optionally one version. */
export type SideRange = Omit<StoredRange, 'model'>;

export interface StoredComparison {
  readonly store: Store;
  readonly model: string;
  readonly reference: SideRange;
  readonly current: SideRange;
  readonly window?: WindowUnit | undefined;
  readonly profile?: ProfileId | undefined;
  /** Profiles whose verdicts are shown beside. */
  readonly beside?: readonly ProfileId[] | undefined;
  readonly segment?: string | undefined;
  /** Features that are categories although they are numbers, and the other way round. */
  readonly categorical?: readonly string[] | undefined;
  readonly numeric?: readonly string[] | undefined;
  readonly budgetPerMonth?: number | undefined;
}

/**
 * Compares two ranges of a model's stored predictions exactly, over the raw rows.
 *
 * @throws UsageError  when a range has no predictions
 */
export async function driftFromStore(options: StoredComparison): Promise<DriftReport> {
  const { store, model } = options;
  const { report } = await compareDrift({
    session: new DriftSession(store),
    table: `drift_rows_${randomUUID().replaceAll('-', '')}`,
    reference: storedSource({ model, ...options.reference }),
    current: storedSource({ model, ...options.current }),
    referenceFilter: {},
    currentFilter: {},
    window: options.window ?? 'all',
    profile: options.profile ?? 'robust',
    beside: options.beside ?? [],
    overrides: { categorical: options.categorical ?? [], numeric: options.numeric ?? [] },
    budgetPerMonth: options.budgetPerMonth ?? 1,
    ...(options.segment === undefined ? {} : { segment: options.segment }),
  });
  return report;
}
