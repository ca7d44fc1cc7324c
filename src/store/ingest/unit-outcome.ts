import { receiptOutcomes, rejectedLines } from '../queries/ingest.ts';
import type { Store } from '../store.ts';

export interface LineError {
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

/** What became of a unit of work. */
export interface StoredOutcome {
  readonly accepted: number;
  readonly rejected: number;
  /** The first 20 rejected lines. */
  readonly errors: readonly LineError[];
}

const SHOWN_ERRORS = 20;

/**
 * Returns what became of each unit by its receipt; units never stored are absent.
 *
 * @throws E_STORE
 */
export async function readOutcomes(
  store: Store,
  receipts: readonly string[],
): Promise<ReadonlyMap<string, StoredOutcome>> {
  const rows = await store.query(receiptOutcomes, { receipts });
  const bad = rows.filter((row) => row.rejected > 0).map((row) => row.receipt);
  const lines = bad.length === 0 ? [] : await store.query(rejectedLines, { receipts: bad, limit: SHOWN_ERRORS });
  return new Map(
    rows.map(({ receipt, accepted, rejected }) => [
      receipt,
      {
        accepted,
        rejected,
        errors: lines
          .filter((line) => line.receipt === receipt)
          .map(({ line, field, reason }) => ({ line, field, reason })),
      },
    ]),
  );
}
