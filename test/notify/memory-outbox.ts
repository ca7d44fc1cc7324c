import type { OutboxStore } from '../../src/notify/outbox-store.ts';
import type { OutboxEntry } from '../../src/store/queries/outbox.ts';

/** An outbox in memory that keeps the highest revision of each entry, as the table does. */
export class MemoryOutbox implements OutboxStore {
  readonly #entries = new Map<string, OutboxEntry>();
  /** How many of the next saves fail. */
  failSaves = 0;

  constructor(entries: readonly OutboxEntry[]) {
    this.add(entries);
  }

  add(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) {
      const known = this.#entries.get(entry.deliveryId);
      if (known === undefined || known.revision <= entry.revision) this.#entries.set(entry.deliveryId, entry);
    }
  }

  get entries(): readonly OutboxEntry[] {
    return [...this.#entries.values()];
  }

  async pending(): Promise<readonly OutboxEntry[]> {
    const owed = this.entries.filter(({ state }) => state === 'pending');
    return owed.sort((left, right) => left.occurredMs - right.occurredMs);
  }

  async save(entries: readonly OutboxEntry[]): Promise<void> {
    if (this.failSaves > 0) {
      this.failSaves -= 1;
      throw new Error('The store is away.');
    }
    this.add(entries);
  }
}
