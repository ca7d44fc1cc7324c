import { z } from 'zod';
import { defineQuery } from '../query.ts';

const recentChange = z.object({
  ts_ms: z.number(),
  kind: z.string(),
  title: z.string(),
  model: z.string(),
  version: z.string(),
  url: z.string(),
});

/** A deploy or another change. */
export type RecentChange = z.infer<typeof recentChange>;

/** Changes of all models in [from, to), epoch ms, oldest first. */
export const recentChanges = defineQuery<{ readonly from: number; readonly to: number }>()({
  name: 'recent_changes',
  sql: `SELECT DISTINCT toUnixTimestamp64Milli(ts) AS ts_ms, kind, title, model, version, url FROM change_events
WHERE ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
ORDER BY ts_ms, title LIMIT 1000`,
  row: recentChange,
});
