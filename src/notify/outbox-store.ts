import type { Clock } from '../core/clock.ts';
import { type OutboxEntry, outboxRow, pendingDeliveriesQuery } from '../store/queries/outbox.ts';
import type { Store } from '../store/store.ts';

/** Everything the outbox worker reads and writes. */
export interface OutboxStore {
  /** Entries still owed, oldest first. */
  pending(): Promise<readonly OutboxEntry[]>;
  /** Replaces entries by newer revisions of themselves. */
  save(entries: readonly OutboxEntry[]): Promise<void>;
}

/** As many as are looked at in one pass; the rest waits its turn. */
const PASS_LIMIT = 10_000;

/** Returns the worker's view of the database. */
export function createOutboxStore({ store, clock }: { readonly store: Store; readonly clock: Clock }): OutboxStore {
  return {
    pending: () => store.query(pendingDeliveriesQuery, { limit: PASS_LIMIT }),
    save: (entries) =>
      store.insert(
        'outbox',
        entries.map((entry) => outboxRow(entry, clock.now())),
      ),
  };
}
