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

/** The answer to who handed a unit in. */
export interface UnitOutcome extends StoredOutcome {
  /** The unit had been stored before; nothing was stored now. */
  readonly duplicate: boolean;
}

/** When the accepted records of a unit happened. */
export interface UnitTimes {
  /** Accepted after their minute had been evaluated. */
  readonly late: number;
  /** Milliseconds since 1970; 0 when nothing was accepted. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Sum of the time from each record's own time to its arrival, in milliseconds. */
  readonly delaySumMs: number;
}

export interface Receipt {
  readonly outcome: StoredOutcome;
  readonly times: UnitTimes;
}

const SHOWN_ERRORS = 20;

/**
 * Returns what became of each unit by its receipt; units never stored are absent.
 *
 * @throws E_STORE
 */
export async function readReceipts(store: Store, receipts: readonly string[]): Promise<ReadonlyMap<string, Receipt>> {
  const rows = await store.query(receiptOutcomes, { receipts });
  const bad = rows.filter((row) => row.rejected_rows > 0).map((row) => row.receipt);
  const lines = bad.length === 0 ? [] : await store.query(rejectedLines, { receipts: bad, limit: SHOWN_ERRORS });
  return new Map(
    rows.map((row) => [
      row.receipt,
      {
        outcome: {
          accepted: row.accepted_rows,
          rejected: row.rejected_rows,
          errors: lines
            .filter((line) => line.receipt === row.receipt)
            .map(({ line, field, reason }) => ({ line, field, reason })),
        },
        times: {
          late: row.late_rows,
          oldestMs: row.oldest_ms,
          newestMs: row.newest_ms,
          delaySumMs: row.delay_sum_ms,
        },
      },
    ]),
  );
}
