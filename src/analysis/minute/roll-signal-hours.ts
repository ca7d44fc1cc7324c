import { noteRolledHours, rollSignalHours, staleSignalHours } from '../../store/queries/signal-hours.ts';
import type { Store } from '../../store/store.ts';

/** The loop writes an hour each minute until it is over; longer than this no insert takes. */
const QUIET_SECONDS = 150;

/**
 * Sums up the hours of signals that are over or were written again, as many as one statement may take; returns how many.
 * It may be done twice or half: the newest sum of an hour counts, and an hour that was not noted is done again.
 */
export async function rollUpSignalHours(options: {
  readonly store: Store;
  /** How long an hour must have been left alone. */
  readonly quietSeconds?: number;
}): Promise<number> {
  const { store, quietSeconds = QUIET_SECONDS } = options;
  const stale = await store.query(staleSignalHours, { quiet: quietSeconds });
  const [first] = stale;
  if (first === undefined) return 0;
  const hours = stale.map(({ hour }) => hour);
  // Hours of many years lie in as many partitions.
  const settings = { max_partitions_per_insert_block: 0 };
  await store.command({ name: 'roll_signal_hours', sql: rollSignalHours, parameters: { hours }, settings });
  await store.command({
    name: 'note_rolled_hours',
    sql: noteRolledHours,
    parameters: { hours, as_of: first.as_of_ms },
  });
  return hours.length;
}
