import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** Requests, and those of them that did not fail, of some models in consecutive windows of `window` seconds. */
export const windowRequests = defineQuery<{
  readonly models: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly window: number;
}>()({
  name: 'window_requests',
  sql: `SELECT model, toUInt32({from:UInt32} + intDiv(toUnixTimestamp(t) - {from:UInt32}, {window:UInt32}) * {window:UInt32}) AS window_from, sum(s.requests) AS requests, sum(s.errors) AS failed
FROM service_per_minute AS s
WHERE model IN {models:Array(String)} AND segment = '' AND t >= toDateTime({from:UInt32}) AND t < toDateTime({to:UInt32}) GROUP BY model, window_from`,
  row: z.object({ model: z.string(), window_from: z.number(), requests: z.number(), failed: z.number() }),
});

/** The same for the windows of a reference, oldest first; the ranges are cut as its histograms are, at five minutes. */
export const referenceRequests = defineQuery<{
  readonly models: readonly string[];
  readonly reference_from: readonly number[];
  readonly reference_to: readonly number[];
  readonly window: number;
  /** Empty: all versions. */
  readonly version: string;
}>()({
  name: 'reference_requests',
  sql: `SELECT model, arrayMap(x -> (x.2, x.3), arraySort(x -> x.1, groupArray((w, n, bad)))) AS windows FROM (
  SELECT model, intDiv(toUnixTimestamp(bucket), {window:UInt32}) AS w, sum(requests) AS n, sum(errors) AS bad FROM (
    SELECT model, toStartOfFiveMinutes(t) AS bucket, requests, errors FROM service_per_minute
    WHERE model IN {models:Array(String)} AND segment = '' AND ({version:String} = '' OR version = {version:String})
      AND t >= toDateTime(arrayMin({reference_from:Array(UInt32)})) AND t < toDateTime(arrayMax({reference_to:Array(UInt32)}) + 300)
      AND arrayExists((a, b) -> toUnixTimestamp(bucket) >= a AND toUnixTimestamp(bucket) < b, {reference_from:Array(UInt32)}, {reference_to:Array(UInt32)}))
  GROUP BY model, w)
GROUP BY model`,
  row: z.object({ model: z.string(), windows: z.array(z.tuple([z.number(), z.number()])) }),
});

/** The features that have bins, by model. */
export const watchedFeatures = defineQuery<{ readonly models: readonly string[] }>()({
  name: 'watched_features',
  sql: 'SELECT model, groupArray(toString(feature)) AS features FROM feature_grids FINAL WHERE model IN {models:Array(String)} AND complete = 1 GROUP BY model',
  row: z.object({ model: z.string(), features: z.array(z.string()) }),
});

/** The merged references of some features that a window has no row of. */
export const absentFeatures = defineQuery<{
  readonly models: readonly string[];
  /** Key of the profile of each model, in the same order. */
  readonly keys: readonly number[];
  /** Features that are absent somewhere; those of other models by the same name come too. */
  readonly features: readonly string[];
}>()({
  name: 'absent_features',
  sql: `SELECT g.model AS model, g.feature AS feature, g.kind AS kind, g.category_values AS category_values, r.windows AS reference_windows,
  arraySum(arraySlice(r.h, 1, 250)) AS n_reference, r.h[256] AS missing_reference, if(g.kind = 'categorical', r.h[1], r.h[1] + r.h[250]) AS unseen_reference
FROM (SELECT model, grid_id, feature, kind, category_values FROM feature_grids FINAL WHERE model IN {models:Array(String)} AND feature IN {features:Array(String)} AND complete = 1) AS g
INNER JOIN (SELECT grid_id, h, windows FROM reference_profiles FINAL
  WHERE model IN {models:Array(String)} AND key = transform(toString(model), {models:Array(String)}, {keys:Array(UInt32)}, toUInt32(0))) AS r ON g.grid_id = r.grid_id`,
  row: z.object({
    model: z.string(),
    feature: z.string(),
    kind: z.enum(['numeric', 'categorical']),
    category_values: z.array(z.string()),
    reference_windows: z.array(z.array(z.number())),
    n_reference: z.number(),
    missing_reference: z.number(),
    unseen_reference: z.number(),
  }),
});

/** When the windows of \`window\` seconds began in which any of some models had requests, oldest first. */
export const filledWindows = defineQuery<{
  readonly models: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly window: number;
}>()({
  name: 'filled_windows',
  sql: `SELECT DISTINCT toUInt32({from:UInt32} + intDiv(toUnixTimestamp(t) - {from:UInt32}, {window:UInt32}) * {window:UInt32}) AS window_from FROM service_per_minute
WHERE model IN {models:Array(String)} AND segment = '' AND t >= toDateTime({from:UInt32}) AND t < toDateTime({to:UInt32}) ORDER BY window_from`,
  row: z.object({ window_from: z.number() }),
});
