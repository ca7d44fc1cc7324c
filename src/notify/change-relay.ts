import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { recentChanges } from '../store/queries/change-relay.ts';
import { type ChangeMessage, type OutboxEntry, outboxRow } from '../store/queries/outbox.ts';
import type { Store } from '../store/store.ts';

/** Changes may arrive so late and are still passed on. */
const LATE_MS = 900_000;

/** Owes a message about each change event to the receivers that show changes. Ids follow from the change: once is enough. */
export class ChangeRelay {
  readonly #options: {
    readonly store: Store;
    /** Time of the deliveries. */
    readonly wallClock: Clock;
    readonly targets: readonly string[];
  };
  /** Ids that this process passed on, with their time. */
  readonly #passedOn = new Map<string, number>();

  constructor(options: { readonly store: Store; readonly wallClock: Clock; readonly targets: readonly string[] }) {
    this.#options = options;
  }

  /**
   * Passes on what happened in the quarter of an hour before a time, epoch ms, and was not yet passed on.
   *
   * @throws StoreError when the database is away; the same is then tried at the next call
   */
  async passOn(untilMs: number): Promise<number> {
    const { store, wallClock, targets } = this.#options;
    if (targets.length === 0) return 0;
    const changes = await store.query(recentChanges, { from: untilMs - LATE_MS, to: untilMs });
    const owed = changes.flatMap(({ ts_ms: atMs, ...change }) => {
      const id = createHash('sha256')
        .update(JSON.stringify([atMs, change]))
        .digest('hex')
        .slice(0, 32);
      const message: ChangeMessage = { action: 'change', id, ...change, atMs };
      return targets.map((target) => toEntry(target, message, wallClock.now()));
    });
    const fresh = owed.filter(({ deliveryId }) => !this.#passedOn.has(deliveryId));
    await store.insert(
      'outbox',
      fresh.map((entry) => outboxRow(entry, wallClock.now())),
    );
    for (const { deliveryId, occurredMs } of fresh) this.#passedOn.set(deliveryId, occurredMs);
    for (const [id, atMs] of this.#passedOn) if (atMs < untilMs - LATE_MS) this.#passedOn.delete(id);
    return fresh.length;
  }
}

function toEntry(target: string, message: ChangeMessage, nowMs: number): OutboxEntry {
  const deliveryId = `change/${message.id}/${target}`;
  return {
    deliveryId,
    target,
    dedupKey: deliveryId,
    action: 'change',
    body: JSON.stringify(message),
    state: 'pending',
    attempts: 0,
    nextAttemptMs: nowMs,
    detail: '',
    occurredMs: message.atMs,
    createdMs: nowMs,
    revision: 0,
  };
}
