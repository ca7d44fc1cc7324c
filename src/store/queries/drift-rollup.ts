import { z } from 'zod';
import { defineQuery } from '../query.ts';

const HISTOGRAM = (window: string): string => `SELECT grid_id, w, groupArrayInsertAt(toUInt64(0), 256)(n, bin) AS h FROM (
    SELECT grid_id, ${window} AS w, bin, sum(n) AS n FROM feature_histogram WHERE grid_id IN (SELECT grid_id FROM grids)`;

const GROUPED = (histogram: string): string =>
  `if(kind = 'categorical', arraySlice(${histogram}, 1, k + 1), arrayMap(i -> arraySum((x, g) -> if(g = i, x, 0), arraySlice(${histogram}, 1, 250), groups), range(10)))`;

/**
 * All features of one model over consecutive windows of `window` seconds from `from` to `to`, against the same
 * reference ranges: counts by decile or category on both sides, the Kolmogorov-Smirnov distance on the 250 fine bins
 * with the most it can be wrong by, Jensen-Shannon, missing and unseen counts. Merges rollups; reads no raw row.
 */
export const rollupDrift = defineQuery<{
  readonly model: string;
  readonly from: number;
  readonly to: number;
  readonly window: number;
  readonly version: string;
  readonly reference_from: readonly number[];
  readonly reference_to: readonly number[];
  readonly reference_version: string;
}>()({
  name: 'rollup_drift',
  sql: `WITH grids AS (SELECT grid_id, feature, kind, groups, category_values, length(category_values) AS k FROM feature_grids FINAL WHERE model = {model:String} AND complete = 1),
  current AS (${HISTOGRAM('intDiv(toUnixTimestamp(t) - {from:UInt32}, {window:UInt32})')}
    AND t >= toDateTime({from:UInt32}) AND t < toDateTime({to:UInt32}) AND ({version:String} = '' OR version = {version:String}) GROUP BY grid_id, w, bin) GROUP BY grid_id, w),
  reference AS (${HISTOGRAM('0')}
    AND t >= toDateTime(arrayMin({reference_from:Array(UInt32)})) AND t < toDateTime(arrayMax({reference_to:Array(UInt32)}))
    AND arrayExists((a, b) -> toUnixTimestamp(t) >= a AND toUnixTimestamp(t) < b, {reference_from:Array(UInt32)}, {reference_to:Array(UInt32)})
    AND ({reference_version:String} = '' OR version = {reference_version:String}) GROUP BY grid_id, w, bin) GROUP BY grid_id, w)
SELECT toUInt32({from:UInt32} + w * {window:UInt32}) AS window_from, feature, kind, category_values,
  current_groups, reference_groups, n_current, n_reference, missing_current, missing_reference, unseen, ks, ks_error, js_distance
FROM (
  SELECT c.w AS w, g.feature AS feature, g.kind AS kind, g.groups AS groups, g.k AS k, g.category_values AS category_values,
    c.h AS ch, r.h AS rh, ${GROUPED('ch')} AS current_groups, ${GROUPED('rh')} AS reference_groups,
    arrayCumSum(arraySlice(ch, 1, 250)) AS cc, arrayCumSum(arraySlice(rh, 1, 250)) AS rc,
    cc[250] AS n_current, rc[250] AS n_reference, ch[256] AS missing_current, rh[256] AS missing_reference,
    if(kind = 'categorical', ch[1], ch[1] + ch[250]) AS unseen,
    toFloat64(greatest(n_current, 1)) AS n, toFloat64(greatest(n_reference, 1)) AS m,
    if(kind = 'numeric', arrayMax(arrayMap((x, y) -> abs(x / n - y / m), cc, rc)), 0) AS ks,
    if(kind = 'numeric', arrayMax(arrayMap((x, y) -> least(x / n, y / m), arraySlice(ch, 1, 250), arraySlice(rh, 1, 250))), 0) AS ks_error,
    sqrt(greatest(0, arraySum((x, y) -> if(x > 0, 0.5 * x / n * log2(2 * (x / n) / (x / n + y / m)), 0) + if(y > 0, 0.5 * y / m * log2(2 * (y / m) / (x / n + y / m)), 0), current_groups, reference_groups))) AS js_distance
  FROM current AS c INNER JOIN grids AS g ON c.grid_id = g.grid_id LEFT JOIN reference AS r ON c.grid_id = r.grid_id)
ORDER BY window_from, feature`,
  row: z.object({
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
    ks: z.number(),
    ks_error: z.number(),
    js_distance: z.number(),
  }),
});

/** Counts by decile or category of each window of the reference, for the overdispersion between them. */
export const referenceWindows = defineQuery<{
  readonly model: string;
  readonly window: number;
  readonly reference_from: readonly number[];
  readonly reference_to: readonly number[];
  readonly reference_version: string;
}>()({
  name: 'reference_windows',
  sql: `WITH grids AS (SELECT grid_id, feature, groups, if(kind = 'categorical', length(category_values) + 1, 10) AS k FROM feature_grids FINAL WHERE model = {model:String} AND complete = 1)
SELECT feature, groupArray(counts) AS windows FROM (
  SELECT g.feature AS feature, w, arrayMap(i -> arraySum((x, y) -> if(y = i, x, 0), groupArray(n), groupArray(grp)), range(any(g.k))) AS counts
  FROM (
    SELECT h.grid_id AS id, intDiv(toUnixTimestamp(t), {window:UInt32}) AS w, gg.groups[bin + 1] AS grp, sum(h.n) AS n
    FROM feature_histogram AS h INNER JOIN grids AS gg ON h.grid_id = gg.grid_id
    WHERE bin < 250 AND t >= toDateTime(arrayMin({reference_from:Array(UInt32)})) AND t < toDateTime(arrayMax({reference_to:Array(UInt32)}))
      AND arrayExists((a, b) -> toUnixTimestamp(t) >= a AND toUnixTimestamp(t) < b, {reference_from:Array(UInt32)}, {reference_to:Array(UInt32)})
      AND ({reference_version:String} = '' OR version = {reference_version:String})
    GROUP BY id, w, grp) AS c INNER JOIN grids AS g ON c.id = g.grid_id
  GROUP BY feature, w ORDER BY feature, w)
GROUP BY feature`,
  row: z.object({ feature: z.string(), windows: z.array(z.array(z.number())) }),
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
