import { z } from 'zod';
import { defineQuery } from '../query.ts';

export const jobProgress = defineQuery<{ readonly job: string }>()({
  name: 'job_progress',
  sql: 'SELECT toUnixTimestamp64Milli(done_to) AS done_to_ms FROM job_progress FINAL WHERE job = {job:String}',
  row: z.object({ done_to_ms: z.number() }),
});

/** Days whose finished minutes got new rows since the cursor, oldest first, with the newest arrival. */
export const lateDays = defineQuery<{ readonly since_ms: number; readonly until_ms: number }>()({
  name: 'late_days',
  sql: `SELECT toUnixTimestamp(toStartOfDay(t)) AS day, toUnixTimestamp(min(t)) AS first_minute, toUnixTimestamp(max(t)) AS last_minute, groupUniqArray(model) AS models
FROM late_minutes WHERE received > fromUnixTimestamp64Milli({since_ms:Int64}) AND received <= fromUnixTimestamp64Milli({until_ms:Int64}) GROUP BY day ORDER BY day`,
  row: z.object({ day: z.number(), first_minute: z.number(), last_minute: z.number(), models: z.array(z.string()) }),
});

export const lastFinalWindows = defineQuery<Record<string, never>>()({
  name: 'last_final_windows',
  sql: 'SELECT model, toUnixTimestamp(max(window_to)) * 1000 AS to_ms FROM drift_results WHERE final = 1 GROUP BY model',
  row: z.object({ model: z.string(), to_ms: z.number() }),
});

export const modelsWithGrids = defineQuery<Record<string, never>>()({
  name: 'models_with_grids',
  sql: 'SELECT model, count() AS features FROM feature_grids FINAL WHERE complete = 1 GROUP BY model',
  row: z.object({ model: z.string(), features: z.number() }),
});
