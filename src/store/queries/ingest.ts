import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** What became of units of work; units never seen are absent. */
export const receiptOutcomes = defineQuery<{ readonly receipts: readonly string[] }>()({
  name: 'receipt_outcomes',
  sql: `SELECT toString(receipt) AS receipt, sum(accepted) AS accepted, sum(rejected) AS rejected
FROM ingest_receipts WHERE receipt IN (SELECT toUInt64(arrayJoin({receipts:Array(String)}))) GROUP BY receipt`,
  row: z.object({ receipt: z.string(), accepted: z.number(), rejected: z.number() }),
});

/** The first rejected lines of each unit. */
export const rejectedLines = defineQuery<{ readonly receipts: readonly string[]; readonly limit: number }>()({
  name: 'rejected_lines',
  sql: `SELECT toString(receipt) AS receipt, line_no AS line, field, reason
FROM dead_letters WHERE receipt IN (SELECT toUInt64(arrayJoin({receipts:Array(String)})))
ORDER BY receipt, line_no LIMIT {limit:UInt32} BY receipt`,
  row: z.object({ receipt: z.string(), line: z.number(), field: z.string(), reason: z.string() }),
});
