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

/** The newest closed window of each model in a few numbers. */
export const lastFinalWindows = defineQuery<Record<string, never>>()({
  name: 'last_final_windows',
  sql: `SELECT model, toUnixTimestamp(window_from) * 1000 AS from_ms, toUnixTimestamp(window_to) * 1000 AS to_ms, groupUniqArray(toString(level)) AS levels,
  countIf(NOT is_prediction AND level IN ('minor', 'moderate', 'major')) AS drifted, avgIf(greatest(0, psi_corrected), NOT is_prediction AND isFinite(psi_corrected)) AS score
FROM (SELECT *, feature IN ('__score__', '__prediction__') AS is_prediction FROM drift_results FINAL WHERE final = 1 AND segment = '' AND version = '')
WHERE (model, window_to) IN (SELECT model, max(window_to) FROM drift_results WHERE final = 1 AND segment = '' AND version = '' GROUP BY model)
GROUP BY model, window_from, window_to`,
  row: z.object({
    model: z.string(),
    from_ms: z.number(),
    to_ms: z.number(),
    levels: z.array(z.string()),
    drifted: z.number(),
    score: z.number().nullable(),
  }),
});

export const modelsWithGrids = defineQuery<Record<string, never>>()({
  name: 'models_with_grids',
  sql: 'SELECT model, count() AS features FROM feature_grids FINAL WHERE complete = 1 GROUP BY model',
  row: z.object({ model: z.string(), features: z.number() }),
});

/** Levels of the newest closed windows of some models, oldest first, by feature. */
export const recentLevels = defineQuery<{ readonly models: readonly string[]; readonly windows: number }>()({
  name: 'recent_levels',
  sql: `SELECT model, feature, arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((window_to, toString(level))))) AS levels FROM (
  SELECT model, feature, window_to, level FROM drift_results FINAL WHERE model IN {models:Array(String)} AND final = 1 AND segment = '' AND version = ''
  ORDER BY window_to DESC LIMIT {windows:UInt32} BY model, feature)
GROUP BY model, feature`,
  row: z.object({ model: z.string(), feature: z.string(), levels: z.array(z.string()) }),
});

/** Keeps what was concluded against earlier references of a model before it is concluded anew. */
export const archiveDriftResults = `INSERT INTO drift_results_archive SELECT * FROM drift_results FINAL
WHERE model = {model:String} AND reference_version < {reference_version:UInt32}`;
