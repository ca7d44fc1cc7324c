import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** The time of the newest sample of a metric and job since a moment, in milliseconds; 0 when there is none. */
export const newestSample = defineQuery<{
  readonly metric: string;
  readonly job: string;
  readonly sinceMs: number;
}>()({
  name: 'newest_sample',
  sql: `SELECT toUnixTimestamp64Milli(max(ts)) AS newestMs FROM metric_samples
    WHERE name = {metric:String} AND job = {job:String} AND ts >= fromUnixTimestamp64Milli({sinceMs:Int64})`,
  row: z.object({ newestMs: z.number() }),
});
