import { z } from 'zod';
import { LEVELS } from '../../stats/levels.ts';
import { defineQuery } from '../query.ts';

const NAMES = `[${LEVELS.map((name) => `'${name}'`).join(', ')}]`;

const driftBucket = z.object({
  from_ms: z.number(),
  to_ms: z.number(),
  feature: z.string(),
  level: z.enum(LEVELS),
  windows: z.number(),
  /** Null where no window of the bucket was judged. */
  psi_corrected: z.number().nullable(),
});

/** The closed windows of one feature that began in one bucket of time: their worst level and largest corrected PSI. */
export type DriftBucket = z.infer<typeof driftBucket>;

/** Drift of every feature of a model in [from, to) (epoch ms) by bucket (seconds), from its closed windows. */
export const driftByBucket = defineQuery<{
  readonly model: string;
  readonly from: number;
  readonly to: number;
  readonly bucket: number;
}>()({
  name: 'drift_by_bucket',
  sql: `SELECT toUnixTimestamp(min(window_from)) * 1000 AS from_ms, toUnixTimestamp(max(d.window_to)) * 1000 AS to_ms, feature,
  ${NAMES}[max(indexOf(${NAMES}, toString(d.level)))] AS level, count() AS windows,
  if(countIf(d.level != 'insufficient_data') = 0, nan, maxIf(d.psi_corrected, d.level != 'insufficient_data')) AS psi_corrected
FROM drift_results AS d FINAL
WHERE model = {model:String} AND final = 1 AND version = '' AND segment = ''
  AND window_to > toDateTime({from:Int64} / 1000, 'UTC') AND window_from < toDateTime({to:Int64} / 1000, 'UTC')
GROUP BY feature, intDiv(toUnixTimestamp(window_from), {bucket:UInt32}) ORDER BY feature, from_ms`,
  row: driftBucket,
});
