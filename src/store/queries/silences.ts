import { z } from 'zod';
import { defineQuery } from '../query.ts';

const silenceRow = z.object({
  id: z.string(),
  /** JSON list of matchers. */
  matchers: z.string(),
  comment: z.string(),
  createdBy: z.string(),
  startsMs: z.number(),
  endsMs: z.number(),
  updatedMs: z.number(),
});

/** A silence as it is stored. Times in epoch ms. */
export type SilenceRow = z.infer<typeof silenceRow>;

/** Returns the silences that were not removed and end after a time (epoch ms), the next to end first. */
export const silencesQuery = defineQuery<{ readonly after: number }>()({
  name: 'silences',
  sql: `SELECT id, matchers, comment, created_by AS createdBy, toUnixTimestamp64Milli(starts) AS startsMs,
  toUnixTimestamp64Milli(ends) AS endsMs, toUnixTimestamp64Milli(updated) AS updatedMs
FROM silences FINAL WHERE removed = 0 AND ends > fromUnixTimestamp64Milli({after:Int64}) ORDER BY ends, id LIMIT 10000`,
  row: silenceRow,
});

/** Returns the row of table `silences` for a silence. */
export function silenceInsert(row: SilenceRow, removed: boolean): Readonly<Record<string, unknown>> {
  return {
    id: row.id,
    matchers: row.matchers,
    comment: row.comment,
    created_by: row.createdBy,
    starts: new Date(row.startsMs).toISOString(),
    ends: new Date(row.endsMs).toISOString(),
    removed: removed ? 1 : 0,
    updated: new Date(row.updatedMs).toISOString(),
  };
}
