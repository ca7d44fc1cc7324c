import { z } from 'zod';
import { defineQuery } from '../query.ts';
import { grouped } from './feature-windows.ts';

const GRIDS =
  'SELECT model, feature, kind, upper_edges[1] AS smallest, upper_edges[249] AS largest, category_values FROM feature_grids FINAL WHERE model IN {models:Array(String)} AND complete = 1';

/**
 * What the records of some models in a few minutes hold: by feature the values, whether they differ, their quartiles,
 * how many lie outside of the bins and examples of those; feature '' counts the records. One record in `one_in` is read.
 */
export const minuteFacts = defineQuery<{
  readonly models: readonly string[];
  /** One record in so many is read, in the same order. */
  readonly one_in: readonly number[];
  readonly from: number;
  readonly to: number;
}>()({
  name: 'minute_facts',
  sql: `WITH sample AS (SELECT model, numbers, categories, score, prediction_number, prediction_class, status FROM predictions
    WHERE model IN {models:Array(String)} AND ts >= toDateTime({from:UInt32}) AND ts < toDateTime({to:UInt32})
      AND cityHash64(prediction_id) % transform(toString(model), {models:Array(String)}, {one_in:Array(UInt32)}, toUInt32(1)) = 0)
SELECT model, feature, n, ok, distinct, quartiles, outside, examples FROM (
  SELECT model, '' AS feature, count() AS n, countIf(status != 'error') AS ok, 0 AS distinct, [] AS quartiles, 0 AS outside, [] AS examples FROM sample GROUP BY model
  UNION ALL
  SELECT x.model AS model, x.feature AS feature, count() AS n, 0 AS ok, uniqUpTo(1)(x.v) AS distinct, quantiles(0.25, 0.5, 0.75)(x.v) AS quartiles,
    countIf(x.v < g.smallest OR x.v > g.largest) AS outside, [] AS examples
  FROM (SELECT model, f AS feature, v FROM sample ARRAY JOIN arrayConcat(mapKeys(numbers), ['__score__', '__prediction__']) AS f, arrayConcat(mapValues(numbers), [score, prediction_number]) AS v WHERE isFinite(v)) AS x
  INNER JOIN (${GRIDS} AND kind = 'numeric') AS g ON x.model = g.model AND x.feature = g.feature GROUP BY model, feature
  UNION ALL
  SELECT x.model AS model, x.feature AS feature, count() AS n, 0 AS ok, uniqUpTo(1)(x.v) AS distinct, [] AS quartiles,
    countIf(NOT has(g.category_values, x.v)) AS outside, topKIf(3)(x.v, NOT has(g.category_values, x.v)) AS examples
  FROM (SELECT model, f AS feature, v FROM sample ARRAY JOIN arrayConcat(mapKeys(categories), if(prediction_class = '', [], ['__prediction__'])) AS f, arrayConcat(mapValues(categories), if(prediction_class = '', [], [toString(prediction_class)])) AS v) AS x
  INNER JOIN (${GRIDS} AND kind = 'categorical') AS g ON x.model = g.model AND x.feature = g.feature GROUP BY model, feature)`,
  row: z.object({
    model: z.string(),
    feature: z.string(),
    n: z.number(),
    ok: z.number(),
    distinct: z.number(),
    quartiles: z.array(z.number()),
    outside: z.number(),
    examples: z.array(z.string()),
  }),
});

/** One feature of `minuteFacts`. */
export type MinuteFactsRow = z.infer<(typeof minuteFacts)['row']>;

/** The largest share of a window's values that is in `part`, over windows with enough values to have shares. */
const worstShare = (part: string): string =>
  `arrayMax(arrayConcat([0.], arrayMap(w -> if(arraySum(w) < 50, 0, ${part} / arraySum(w)), r.windows)))`;

/**
 * The references of some models in few numbers: rows by window, share of the fullest bin or of the fullest tenth of a window,
 * quartiles, largest shares of a window below the lower and above the upper one, share outside of the bins.
 */
export const referenceFacts = defineQuery<{
  readonly models: readonly string[];
  /** Key of the profile of each model, in the same order. */
  readonly keys: readonly number[];
}>()({
  name: 'reference_facts',
  sql: `WITH arraySlice(r.h, 1, 250) AS bins, arrayCumSum(bins) AS cumulated
SELECT g.model AS model, g.feature AS feature, g.kind AS kind, cumulated[250] AS n,
  arrayMap(w -> arraySum(w), r.windows) AS window_values, greatest(if(n = 0, 0, arrayMax(bins) / n), ${worstShare('arrayMax(w)')}) AS top_share,
  if(g.kind = 'categorical', 0, ${worstShare('(w[1] + w[2] + w[3] / 2)')}) AS worst_low_share, if(g.kind = 'categorical', 0, ${worstShare('(w[8] / 2 + w[9] + w[10])')}) AS worst_high_share,
  if(g.kind = 'categorical', [], arrayMap(p -> g.upper_edges[arrayFirstIndex(c -> c >= p * n, cumulated)], [0.25, 0.5, 0.75])) AS quartiles,
  if(g.kind = 'categorical', bins[1], bins[1] + bins[250]) AS outside,
  if(g.kind = 'categorical' AND notEmpty(r.windows), arrayMax(arrayMap(w -> w[1] / greatest(arraySum(w), 1), r.windows)), 0) AS worst_outside_share
FROM (SELECT model, grid_id, feature, kind, upper_edges FROM feature_grids FINAL WHERE model IN {models:Array(String)} AND complete = 1) AS g
INNER JOIN (SELECT grid_id, h, windows FROM reference_profiles FINAL
  WHERE model IN {models:Array(String)} AND key = transform(toString(model), {models:Array(String)}, {keys:Array(UInt32)}, toUInt32(0))) AS r ON g.grid_id = r.grid_id`,
  row: z.object({
    model: z.string(),
    feature: z.string(),
    kind: z.enum(['numeric', 'categorical']),
    n: z.number(),
    window_values: z.array(z.number()),
    top_share: z.number(),
    worst_low_share: z.number(),
    worst_high_share: z.number(),
    quartiles: z.array(z.number().nullable()),
    outside: z.number(),
    worst_outside_share: z.number(),
  }),
});

/** One feature of `referenceFacts`. */
export type ReferenceFactsRow = z.infer<(typeof referenceFacts)['row']>;

/** The third largest share of the buckets that have enough values: what was so three times is no fault. */
const thirdShare = (share: string, enough: string): string =>
  `ifNull(arrayElementOrNull(arrayReverseSort(groupArrayIf(${share}, ${enough})), 3), 0)`;

/**
 * What the five-minute buckets of some features of a model held in [from, to) (epoch s), each as its third largest
 * share. A window of a reference may be a day long: what holds for minutes is seen only here. Left out are the hours in
 * which the feature was found broken, and the hour after each.
 */
export const bucketFacts = defineQuery<{
  readonly model: string;
  readonly features: readonly string[];
  readonly from: number;
  readonly to: number;
}>()({
  name: 'bucket_facts',
  sql: `WITH grids AS (SELECT grid_id, feature, kind, groups, length(category_values) AS k FROM feature_grids FINAL WHERE model = {model:String} AND complete = 1 AND feature IN {features:Array(String)}),
  broken AS (SELECT feature, groupUniqArray(toStartOfHour(window_to)) AS hours FROM drift_results
    WHERE model = {model:String} AND final = 2 AND window_to >= toDateTime({from:UInt32}) AND window_to < toDateTime({to:UInt32}) AND feature IN {features:Array(String)} GROUP BY feature)
SELECT feature, ${thirdShare('top', 'given >= 20')} AS top_share, ${thirdShare('missing', 'given + absent >= 20')} AS missing_share, ${thirdShare('outside', 'given >= 20')} AS outside_share,
  ${thirdShare('low', 'given >= 50')} AS low_share, ${thirdShare('high', 'given >= 50')} AS high_share
FROM (
  SELECT g.feature AS feature, g.kind AS kind, ${grouped('c.h')} AS parts, arraySum(parts) AS given, c.h[256] AS absent, absent / (given + absent) AS missing,
    arrayMax(parts) / given AS top, if(kind = 'categorical', parts[1], c.h[1] + c.h[250]) / given AS outside,
    if(kind = 'categorical', 0, (parts[1] + parts[2] + parts[3] / 2) / given) AS low, if(kind = 'categorical', 0, (parts[8] / 2 + parts[9] + parts[10]) / given) AS high
  FROM (
    SELECT grid_id, t, sumResample(0, 256, 1)(n, bin) AS h FROM feature_histogram
    WHERE grid_id IN (SELECT grid_id FROM grids) AND t >= toDateTime({from:UInt32}) AND t < toDateTime({to:UInt32}) GROUP BY grid_id, t) AS c
  INNER JOIN grids AS g ON c.grid_id = g.grid_id LEFT JOIN broken AS b ON g.feature = b.feature
  WHERE NOT has(b.hours, toStartOfHour(c.t)) AND NOT has(b.hours, toStartOfHour(c.t) - 3600))
GROUP BY feature`,
  row: z.object({
    feature: z.string(),
    top_share: z.number(),
    missing_share: z.number(),
    outside_share: z.number(),
    low_share: z.number(),
    high_share: z.number(),
  }),
});

/** One feature of `bucketFacts`. */
export type BucketFactsRow = z.infer<(typeof bucketFacts)['row']>;
