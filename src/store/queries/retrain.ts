import { z } from 'zod';
import { LEVELS } from '../../stats/levels.ts';
import { defineQuery } from '../query.ts';

const RETRAIN_STATES = [
  'awaiting_approval',
  'requested',
  'failed',
  'rejected',
  'new_version',
  'cured',
  'not_cured',
  'no_new_version',
] as const;

const retrainRequest = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  state: z.enum(RETRAIN_STATES),
  reason: z.string(),
  /** JSON. */
  evidence: z.string(),
  target: z.string(),
  requestedMs: z.number(),
  /** When it came into its state. */
  decidedMs: z.number(),
  decidedBy: z.string(),
  newVersion: z.string(),
  detail: z.string(),
  revision: z.number(),
});

/** One request to retrain and what became of it. Times in epoch ms. */
export type RetrainRequest = z.infer<typeof retrainRequest>;

/** Returns the requests since a time (epoch ms), newest first; '' is every model and every id. */
export const retrainRequests = defineQuery<{ readonly model: string; readonly id: string; readonly since: number }>()({
  name: 'retrain_requests',
  sql: `SELECT id, model, version, state, reason, evidence, target, toUnixTimestamp64Milli(requested) AS requestedMs,
  toUnixTimestamp64Milli(decided) AS decidedMs, decided_by AS decidedBy, new_version AS newVersion, detail, revision
FROM retrain_requests FINAL
WHERE ({model:String} = '' OR model = {model:String}) AND ({id:String} = '' OR id = {id:String}) AND requested >= fromUnixTimestamp64Milli({since:Int64})
ORDER BY requested DESC, id LIMIT 1000`,
  row: retrainRequest,
});

/** Returns the row of table `retrain_requests`. */
export function retrainRequestInsert(row: RetrainRequest, nowMs: number): Readonly<Record<string, unknown>> {
  return {
    id: row.id,
    model: row.model,
    version: row.version,
    state: row.state,
    reason: row.reason,
    evidence: row.evidence,
    target: row.target,
    requested: new Date(row.requestedMs).toISOString(),
    decided: new Date(row.decidedMs).toISOString(),
    decided_by: row.decidedBy,
    new_version: row.newVersion,
    detail: row.detail,
    revision: row.revision,
    updated: new Date(nowMs).toISOString(),
  };
}

const featureWindows = z.object({
  feature: z.string(),
  /** Of the closed windows, oldest first. */
  levels: z.array(z.enum(LEVELS)),
  psi: z.number().nullable(),
  to_ms: z.number(),
});

/** The newest closed windows of a feature, or of the prediction. */
export type FeatureWindows = z.infer<typeof featureWindows>;

/** Returns the newest closed windows of each feature of a model that began after a time and ended by another, epoch seconds. */
export const featureWindowLevels = defineQuery<{
  readonly model: string;
  readonly windows: number;
  readonly after: number;
  readonly until: number;
}>()({
  name: 'feature_window_levels',
  sql: `SELECT feature, arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((window_to, toString(level))))) AS levels,
  argMax(psi_corrected, window_to) AS psi, toUnixTimestamp(max(window_to)) * 1000 AS to_ms
FROM (
  SELECT feature, window_to, level, psi_corrected FROM drift_results FINAL
  WHERE model = {model:String} AND final = 1 AND segment = '' AND version = '' AND window_from >= toDateTime({after:UInt32}, 'UTC') AND window_to <= toDateTime({until:UInt32}, 'UTC')
  ORDER BY window_to DESC LIMIT {windows:UInt32} BY feature)
GROUP BY feature ORDER BY feature`,
  row: featureWindows,
});

/** Counts the labels of a model that came since a time, epoch ms; labels that name no model count by their prediction. */
export const freshLabels = defineQuery<{ readonly model: string; readonly since: number }>()({
  name: 'fresh_labels',
  sql: `SELECT uniqExact(prediction_id) AS labels FROM labels
WHERE label_ts >= fromUnixTimestamp64Milli({since:Int64}) AND (model = {model:String}
  OR (model = '' AND prediction_id IN (SELECT prediction_id FROM predictions WHERE model = {model:String} AND ts >= fromUnixTimestamp64Milli({since:Int64}) - INTERVAL 90 DAY)))`,
  row: z.object({ labels: z.number() }),
});

/** Returns what became of a delivery; no row before it was owed. */
export const deliveryState = defineQuery<{ readonly id: string }>()({
  name: 'delivery_state',
  sql: 'SELECT state, detail FROM outbox FINAL WHERE delivery_id = {id:String}',
  row: z.object({ state: z.string(), detail: z.string() }),
});
