import { z } from 'zod';
import { defineQuery, NOT_COMPILED } from '../query.ts';

/** Versions, predictions and times of every model, or of one; '' is every model. */
export const modelTotals = defineQuery<{ readonly model: string }>()({
  name: 'model_totals',
  settings: NOT_COMPILED,
  sql: `SELECT model, groupUniqArray(toString(version)) AS versions, sum(d.requests) AS predictions,
  toUnixTimestamp64Milli(min(d.first_ts)) AS first_ms, toUnixTimestamp64Milli(max(d.last_ts)) AS last_ms
FROM service_per_day AS d WHERE ({model:String} = '' OR model = {model:String})
GROUP BY model ORDER BY model`,
  row: z.object({
    model: z.string(),
    versions: z.array(z.string()),
    predictions: z.number(),
    first_ms: z.number(),
    last_ms: z.number(),
  }),
});

/**
 * Distinct labelled predictions by model; '' is every model. A label without a model belongs to the model of its
 * prediction.
 */
export const labelCounts = defineQuery<{ readonly model: string }>()({
  name: 'label_counts',
  sql: `SELECT model, sum(n) AS labels FROM (
  SELECT model, count() AS n FROM labels FINAL WHERE model != '' AND ({model:String} = '' OR model = {model:String}) GROUP BY model
  UNION ALL
  SELECT p.model AS model, uniqExact(p.prediction_id) AS n FROM predictions AS p
  WHERE ({model:String} = '' OR p.model = {model:String}) AND p.prediction_id IN (SELECT prediction_id FROM labels WHERE model = '')
    AND (p.model, p.prediction_id) NOT IN (
      SELECT toString(model), prediction_id FROM labels WHERE model != '' AND prediction_id IN (SELECT prediction_id FROM labels WHERE model = ''))
  GROUP BY model)
GROUP BY model ORDER BY model`,
  row: z.object({ model: z.string(), labels: z.number() }),
});

/** The features a model has sent, over all its versions, with how often and when. */
export const modelFeatures = defineQuery<{ readonly model: string }>()({
  name: 'model_features',
  sql: `SELECT feature, arraySort(groupUniqArrayIf(toString(kind), kind != 'missing')) AS kinds, sumIf(f.n, kind != 'missing') AS present, sumIf(f.n, kind = 'missing') AS missing,
  toUnixTimestamp64Milli(min(f.first_ts)) AS first_ms, toUnixTimestamp64Milli(max(f.last_ts)) AS last_ms
FROM features_seen AS f WHERE model = {model:String} GROUP BY feature ORDER BY feature`,
  row: z.object({
    feature: z.string(),
    kinds: z.array(z.string()),
    present: z.number(),
    missing: z.number(),
    first_ms: z.number(),
    last_ms: z.number(),
  }),
});

/** The reference in force of one model. */
export const modelReference = defineQuery<{ readonly model: string }>()({
  name: 'model_reference',
  sql: `SELECT reference_version AS version, kind, rows, toUnixTimestamp64Milli(from_ts) AS from_ms, toUnixTimestamp64Milli(to_ts) AS to_ms, toUnixTimestamp64Milli(created) AS created_ms
FROM model_references FINAL WHERE model = {model:String} ORDER BY reference_version DESC LIMIT 1`,
  row: z.object({
    version: z.number(),
    kind: z.string(),
    rows: z.number(),
    from_ms: z.number(),
    to_ms: z.number(),
    created_ms: z.number(),
  }),
});
