import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** What became of units of work; units never seen are absent. Times are 0 when nothing was accepted. */
export const receiptOutcomes = defineQuery<{ readonly receipts: readonly string[] }>()({
  name: 'receipt_outcomes',
  sql: `SELECT toString(receipt) AS receipt, sum(accepted) AS accepted_rows, sum(rejected) AS rejected_rows, sum(late) AS late_rows,
  toUnixTimestamp64Milli(minIf(oldest_ts, accepted > 0)) AS oldest_ms, toUnixTimestamp64Milli(maxIf(newest_ts, accepted > 0)) AS newest_ms, sum(delay_ms) AS delay_sum_ms
FROM ingest_receipts WHERE receipt IN (SELECT toUInt64(arrayJoin({receipts:Array(String)}))) GROUP BY receipt`,
  row: z.object({
    receipt: z.string(),
    accepted_rows: z.number(),
    rejected_rows: z.number(),
    late_rows: z.number(),
    oldest_ms: z.number(),
    newest_ms: z.number(),
    delay_sum_ms: z.number(),
  }),
});

/** The first rejected lines of each unit. */
export const rejectedLines = defineQuery<{ readonly receipts: readonly string[]; readonly limit: number }>()({
  name: 'rejected_lines',
  sql: `SELECT toString(receipt) AS receipt, line_no AS line, field, reason
FROM dead_letters WHERE receipt IN (SELECT toUInt64(arrayJoin({receipts:Array(String)})))
ORDER BY receipt, line_no LIMIT {limit:UInt32} BY receipt`,
  row: z.object({ receipt: z.string(), line: z.number(), field: z.string(), reason: z.string() }),
});
