import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** What was concluded of one feature (or of all) in the closed windows that end in a range, newest first, with the evidence as JSON. */
export const driftExplanations = defineQuery<{
  readonly model: string;
  /** Empty: all features. */
  readonly feature: string;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}>()({
  name: 'drift_explanations',
  sql: `SELECT feature, toUnixTimestamp(window_from) * 1000 AS from_ms, toUnixTimestamp(window_to) * 1000 AS to_ms, toString(level) AS level, reason, reference_version, explain
FROM drift_results FINAL
WHERE model = {model:String} AND final = 1 AND version = '' AND segment = '' AND ({feature:String} = '' OR feature = {feature:String})
  AND window_to > toDateTime({from:Int64} / 1000, 'UTC') AND window_to <= toDateTime({to:Int64} / 1000, 'UTC')
ORDER BY window_to DESC, feature LIMIT {limit:UInt32}`,
  row: z.object({
    feature: z.string(),
    from_ms: z.number(),
    to_ms: z.number(),
    level: z.string(),
    reason: z.string(),
    reference_version: z.number(),
    explain: z.string(),
  }),
});
