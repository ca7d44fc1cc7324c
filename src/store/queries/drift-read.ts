import { z } from 'zod';
import { BLIND } from '../../stats/explain.ts';
import { LEVELS } from '../../stats/levels.ts';
import { defineQuery, NOT_COMPILED } from '../query.ts';

const level = z.enum(LEVELS);
const RANK = `indexOf([${LEVELS.map((name) => `'${name}'`).join(', ')}], toString(d.level))`;
const LEVEL_AT = (rank: string): string => `[${LEVELS.map((name) => `'${name}'`).join(', ')}][${rank}]`;
const MODEL_LEVEL = `final = 1 AND version = '' AND segment = ''`;

const driftWeek = z.object({
  week_ms: z.number(),
  feature: z.string(),
  kind: z.string(),
  level,
  windows: z.number(),
  judged: z.number(),
  drifted: z.number(),
  /** Windows whose reference varies too much, or holds too few rows, to show a drift. */
  blind: z.number(),
  psi_corrected: z.number().nullable(),
  psi_max: z.number().nullable(),
});

/** The closed windows of one feature that began in one ISO week: the worst level, the mean and largest corrected PSI. */
export type DriftWeek = z.infer<typeof driftWeek>;

/** Drift of every feature by ISO week, from the closed windows; windows without enough data count for no mean. */
export const driftByWeek = defineQuery<{ readonly model: string; readonly from: number; readonly to: number }>()({
  name: 'drift_by_week',
  settings: NOT_COMPILED,
  sql: `SELECT toUnixTimestamp(toDateTime(toMonday(window_from), 'UTC')) * 1000 AS week_ms, feature, any(d.kind) AS kind, ${LEVEL_AT(`max(${RANK})`)} AS level,
  count() AS windows, countIf(d.level != 'insufficient_data') AS judged, countIf(${RANK} >= ${LEVELS.indexOf('minor') + 1}) AS drifted, countIf(position(d.reason, '${BLIND}') > 0) AS blind,
  avgIf(d.psi_corrected, d.level != 'insufficient_data') AS psi_corrected, if(judged = 0, nan, maxIf(d.psi_corrected, d.level != 'insufficient_data')) AS psi_max
FROM drift_results AS d FINAL
WHERE model = {model:String} AND ${MODEL_LEVEL}
  AND window_to > toDateTime({from:Int64} / 1000, 'UTC') AND window_from < toDateTime({to:Int64} / 1000, 'UTC')
GROUP BY week_ms, feature ORDER BY feature, week_ms`,
  row: driftWeek,
});

/** The worst level of each model (''), or of one, in its newest closed window, and how many of its features drifted there. */
export const latestDrift = defineQuery<{ readonly model: string }>()({
  name: 'latest_drift',
  settings: NOT_COMPILED,
  sql: `SELECT model, ${LEVEL_AT(`max(${RANK})`)} AS level, countIf(${RANK} >= ${LEVELS.indexOf('minor') + 1}) AS drifted, count() AS features,
  toUnixTimestamp(min(d.window_from)) * 1000 AS from_ms, toUnixTimestamp(window_to) * 1000 AS to_ms
FROM newest_drift AS d FINAL WHERE {model:String} = '' OR model = {model:String}
GROUP BY model, window_to ORDER BY model, window_to DESC LIMIT 1 BY model`,
  row: z.object({
    model: z.string(),
    level,
    drifted: z.number(),
    features: z.number(),
    from_ms: z.number(),
    to_ms: z.number(),
  }),
});

const featureDrift = z.object({
  feature: z.string(),
  kind: z.string(),
  level,
  /** Null where there was too little data. */
  psi_corrected: z.number().nullable(),
  /** Null for a categorical feature. */
  ks: z.number().nullable(),
  missing_current: z.number(),
  unseen: z.number(),
  reason: z.string(),
  from_ms: z.number(),
  to_ms: z.number(),
});

/** What the last closed window before a moment said about one feature. */
export type FeatureDrift = z.infer<typeof featureDrift>;

/** The features that had drifted most in the last window that closed in the day before `at` (epoch ms). */
export const driftBefore = defineQuery<{ readonly model: string; readonly at: number; readonly top: number }>()({
  name: 'drift_before',
  settings: NOT_COMPILED,
  sql: `SELECT feature, kind, level, psi_corrected, ks, missing_current, unseen, reason, toUnixTimestamp(window_from) * 1000 AS from_ms, toUnixTimestamp(window_to) * 1000 AS to_ms
FROM drift_results AS d FINAL
WHERE model = {model:String} AND ${MODEL_LEVEL} AND window_to <= toDateTime({at:Int64} / 1000, 'UTC') AND window_to > toDateTime({at:Int64} / 1000, 'UTC') - INTERVAL 1 DAY
QUALIFY window_to = max(window_to) OVER ()
ORDER BY ${RANK} DESC, psi_corrected DESC, feature LIMIT {top:UInt32}`,
  row: featureDrift,
});
