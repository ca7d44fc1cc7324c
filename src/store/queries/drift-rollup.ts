import { z } from 'zod';
import { defineQuery } from '../query.ts';
import { grouped } from './feature-windows.ts';

/** Which fixed profiles are stored, by model. */
export const fixedProfiles = defineQuery<Record<string, never>>()({
  name: 'fixed_profiles',
  sql: 'SELECT model, min(reference_version) AS reference_version, count() AS features FROM reference_profiles FINAL WHERE key = 0 GROUP BY model',
  row: z.object({ model: z.string(), reference_version: z.number(), features: z.number() }),
});

/**
 * All features of some models over consecutive windows of \`window\` seconds from \`from\` to \`to\`, against the
 * reference profile of each: counts by decile or category on both sides, the Kolmogorov-Smirnov distance on the 250
 * fine bins with the most it can be wrong by, Jensen-Shannon, missing and unseen counts. Merges rollups; reads no raw row.
 */
export const rollupDrift = defineQuery<{
  readonly models: readonly string[];
  /** Key of the profile of each model, in the same order. */
  readonly keys: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly window: number;
  /** Empty: all versions. */
  readonly version: string;
}>()({
  name: 'rollup_drift',
  sql: `WITH grids AS (SELECT model, grid_id, feature, kind, groups, category_values, length(category_values) AS k FROM feature_grids FINAL WHERE model IN {models:Array(String)} AND complete = 1),
  current AS (SELECT grid_id, intDiv(toUnixTimestamp(t) - {from:UInt32}, {window:UInt32}) AS w, sumResample(0, 256, 1)(n, bin) AS h FROM feature_histogram
    WHERE grid_id IN (SELECT grid_id FROM grids) AND t >= toDateTime({from:UInt32}) AND t < toDateTime({to:UInt32}) AND ({version:String} = '' OR version = {version:String}) GROUP BY grid_id, w),
  reference AS (SELECT grid_id, h FROM reference_profiles FINAL
    WHERE model IN {models:Array(String)} AND key IN {keys:Array(UInt32)} AND key = transform(toString(model), {models:Array(String)}, {keys:Array(UInt32)}, toUInt32(0)))
SELECT model, toUInt32({from:UInt32} + w * {window:UInt32}) AS window_from, feature, kind, category_values,
  current_groups, reference_groups, n_current, n_reference, missing_current, missing_reference, unseen, unseen_reference, ks, ks_error, js_distance
FROM (
  SELECT c.w AS w, g.model AS model, g.feature AS feature, g.kind AS kind, g.groups AS groups, g.k AS k, g.category_values AS category_values,
    c.h AS ch, if(empty(r.h), arrayResize([toUInt64(0)], 256), r.h) AS rh, ${grouped('ch')} AS current_groups, ${grouped('rh')} AS reference_groups,
    arrayCumSum(arraySlice(ch, 1, 250)) AS cc, arrayCumSum(arraySlice(rh, 1, 250)) AS rc,
    cc[250] AS n_current, rc[250] AS n_reference, ch[256] AS missing_current, rh[256] AS missing_reference,
    if(kind = 'categorical', ch[1], ch[1] + ch[250]) AS unseen, if(kind = 'categorical', rh[1], rh[1] + rh[250]) AS unseen_reference,
    toFloat64(greatest(n_current, 1)) AS n, toFloat64(greatest(n_reference, 1)) AS m,
    if(kind = 'numeric', arrayMax(arrayMap((x, y) -> abs(x / n - y / m), cc, rc)), 0) AS ks,
    if(kind = 'numeric', arrayMax(arrayMap((x, y) -> least(x / n, y / m), arraySlice(ch, 1, 250), arraySlice(rh, 1, 250))), 0) AS ks_error,
    sqrt(greatest(0, arraySum((x, y) -> if(x > 0, 0.5 * x / n * log2(2 * (x / n) / (x / n + y / m)), 0) + if(y > 0, 0.5 * y / m * log2(2 * (y / m) / (x / n + y / m)), 0), current_groups, reference_groups))) AS js_distance
  FROM current AS c INNER JOIN grids AS g ON c.grid_id = g.grid_id LEFT JOIN reference AS r ON c.grid_id = r.grid_id)
ORDER BY model, window_from, feature`,
  row: z.object({
    model: z.string(),
    window_from: z.number(),
    feature: z.string(),
    kind: z.enum(['numeric', 'categorical']),
    category_values: z.array(z.string()),
    current_groups: z.array(z.number()),
    reference_groups: z.array(z.number()),
    n_current: z.number(),
    n_reference: z.number(),
    missing_current: z.number(),
    missing_reference: z.number(),
    unseen: z.number(),
    unseen_reference: z.number(),
    ks: z.number(),
    ks_error: z.number(),
    js_distance: z.number(),
  }),
});

/** One feature and window of `rollupDrift`, with the counts of the windows of its reference. */
export type RollupRow = z.infer<(typeof rollupDrift)['row']> & {
  readonly reference_windows: readonly (readonly number[])[];
};

/** Counts by decile or category of each window of the references of some models, oldest first. */
export const referenceWindows = defineQuery<{
  readonly models: readonly string[];
  /** Key of the profile of each model, in the same order. */
  readonly keys: readonly number[];
}>()({
  name: 'reference_windows',
  sql: `SELECT g.model AS model, g.feature AS feature, r.windows AS windows
FROM (SELECT grid_id, windows FROM reference_profiles FINAL
  WHERE model IN {models:Array(String)} AND key IN {keys:Array(UInt32)} AND key = transform(toString(model), {models:Array(String)}, {keys:Array(UInt32)}, toUInt32(0))) AS r
INNER JOIN (SELECT model, grid_id, feature FROM feature_grids FINAL WHERE model IN {models:Array(String)} AND complete = 1) AS g ON r.grid_id = g.grid_id`,
  row: z.object({ model: z.string(), feature: z.string(), windows: z.array(z.array(z.number())) }),
});

/** The newest reference of each model. */
export const currentReferences = defineQuery<Record<string, never>>()({
  name: 'current_references',
  sql: `SELECT model, max(reference_version) AS version, argMax(kind, reference_version) AS kind, argMax(spec, reference_version) AS spec,
  toUnixTimestamp64Milli(argMax(from_ts, reference_version)) AS from_ms, toUnixTimestamp64Milli(argMax(to_ts, reference_version)) AS to_ms, argMax(rows, reference_version) AS rows,
  toUnixTimestamp64Milli(argMax(created, reference_version)) AS created_ms
FROM model_references FINAL GROUP BY model ORDER BY model`,
  row: z.object({
    model: z.string(),
    version: z.number(),
    kind: z.string(),
    spec: z.string(),
    from_ms: z.number(),
    to_ms: z.number(),
    rows: z.number(),
    created_ms: z.number(),
  }),
});
