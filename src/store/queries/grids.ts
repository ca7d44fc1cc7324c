import { z } from 'zod';
import { defineQuery } from '../query.ts';

// Bins are fitted on the rows of `source` in the table `rows`: a model's predictions, or the rows of a file.

/** Numeric features are spread over softsign bins 1..248 fitted on the rows of a range; 0 and 249 lie outside of what was seen there. */
export const fitNumericGrids = `INSERT INTO feature_grids (grid_id, model, feature, kind, center, scale, low, bins_per_unit, upper_edges, groups, category_values, created, active_from, complete)
WITH
  source AS (SELECT f AS feature, v FROM {rows:Identifier} ARRAY JOIN arrayConcat(mapKeys(numbers), ['__score__', '__prediction__']) AS f, arrayConcat(mapValues(numbers), [score, prediction_number]) AS v
    WHERE model = {source:String} AND ts >= {from:DateTime64(3)} AND ts < {to:DateTime64(3)} AND isFinite(v) AND f IN {features:Array(String)}),
  shape AS (SELECT feature, count() AS n, min(v) AS smallest, max(v) AS largest, quantiles(0.25, 0.5, 0.75)(v) AS q, stddevPop(v) AS sd, countIf(v != round(v)) = 0 AND largest - smallest <= 246 AS integral FROM source GROUP BY feature),
  candidates AS (
    SELECT *, g, if(integral, smallest - 0.5, q[2]) AS c, if(integral, 1e-9, g * 2 / greatest(q[3] - q[1], 0.1 * sd, 1e-12)) AS s,
      if(integral, 0, ((smallest - c) * s) / (1 + abs((smallest - c) * s))) AS lo,
      if(integral, 1e9, 248 * (1 - 1e-9) / greatest(((largest - c) * s) / (1 + abs((largest - c) * s)) - lo, 1e-12)) AS sc
    FROM shape ARRAY JOIN [0.02, 0.25, 0.5, 1, 2, 4] AS g WHERE NOT integral OR g = 1),
  counted AS (
    SELECT feature, g, toUInt8(greatest(0, least(249, 1 + floor((((v - c) * s) / (1 + abs((v - c) * s)) - lo) * sc)))) AS bin, count() AS cnt, min(v) != max(v) AS mixed
    FROM source INNER JOIN candidates USING (feature) GROUP BY feature, g, bin),
  histograms AS (SELECT feature, g, groupArrayInsertAt(0, 250)(toUInt32(cnt), bin) AS hist, maxIf(cnt, mixed) AS widest FROM counted GROUP BY feature, g),
  best AS (SELECT feature, argMin(g, widest) AS g, argMin(hist, widest) AS hist FROM histograms GROUP BY feature)
SELECT {first_id:UInt32} + row_number() OVER (ORDER BY best.feature) - 1 AS grid_id, {model:String} AS model, best.feature AS feature, 'numeric' AS kind,
  c AS center, s AS scale, lo AS low, sc AS bins_per_unit,
  arrayMap(i -> if(i >= 249, inf, if(integral, smallest - 0.5 + i, (least(0.999999, lo + i / sc) / (1 - abs(least(0.999999, lo + i / sc)))) / s + c)), range(250)) AS upper_edges,
  -- The decile of a bin is that of its upper end, so that every bin lies in one decile of the reference.
  arrayMap(x -> toUInt8(greatest(1, ceil(x * 10 / n)) - 1), arrayCumSum(hist)) AS groups, [] AS category_values,
  {created:DateTime64(3)} AS created, {active_from:DateTime64(3)} AS active_from, 0 AS complete
FROM best INNER JOIN candidates ON best.feature = candidates.feature AND best.g = candidates.g`;

/** Categorical features: the commonest 200 values with a share of 0.2 % or more get codes 1, 2, ...; all others are code 0. */
export const fitCategoryGrids = `INSERT INTO feature_grids (grid_id, model, feature, kind, center, scale, low, bins_per_unit, upper_edges, groups, category_values, created, active_from, complete)
SELECT {first_id:UInt32} + row_number() OVER (ORDER BY feature) - 1 AS grid_id, {model:String} AS model, feature, 'categorical' AS kind, 0 AS center, 0 AS scale, 0 AS low, 0 AS bins_per_unit,
  [] AS upper_edges, arrayMap(i -> toUInt8(if(i > length(category_values), 0, i)), range(250)) AS groups, category_values,
  {created:DateTime64(3)} AS created, {active_from:DateTime64(3)} AS active_from, 0 AS complete
FROM (
  SELECT feature, groupArray(value) AS category_values FROM (
    SELECT feature, value, cnt, sum(cnt) OVER (PARTITION BY feature) AS total, row_number() OVER (PARTITION BY feature ORDER BY cnt DESC, value) AS position FROM (
      SELECT f AS feature, v AS value, count() AS cnt FROM {rows:Identifier}
      ARRAY JOIN arrayConcat(mapKeys(categories), if(prediction_class = '', [], ['__prediction__'])) AS f, arrayConcat(mapValues(categories), if(prediction_class = '', [], [toString(prediction_class)])) AS v
      WHERE model = {source:String} AND ts >= {from:DateTime64(3)} AND ts < {to:DateTime64(3)} AND f IN {features:Array(String)} GROUP BY feature, value)
    ORDER BY feature, position)
  WHERE position <= 200 AND cnt >= 0.002 * total GROUP BY feature)`;

/** Makes the value codes of new categorical grids known to the ingest path. */
export const writeGridValues = `INSERT INTO feature_grid_values (grid_id, value, code)
SELECT grid_id, v AS value, toUInt8(code) AS code FROM feature_grids FINAL ARRAY JOIN category_values AS v, arrayEnumerate(category_values) AS code
WHERE model = {model:String} AND grid_id >= {first_id:UInt32}`;

/** Counts what had arrived before new grids became active: numbers, categories, missing values. */
export const backfillNumbers = `INSERT INTO feature_histogram (grid_id, version, t, bin, n)
SELECT g.grid_id AS grid_id, version, toStartOfFiveMinutes(ts) AS t,
  toUInt8(greatest(0, least(249, 1 + floor((((v - g.center) * g.scale) / (1 + abs((v - g.center) * g.scale)) - g.low) * g.bins_per_unit)))) AS bin, count() AS n
FROM (SELECT ts, version, f, v FROM predictions ARRAY JOIN arrayConcat(mapKeys(numbers), ['__score__', '__prediction__']) AS f, arrayConcat(mapValues(numbers), [score, prediction_number]) AS v
  WHERE model = {model:String} AND received < {active_from:DateTime64(3)} AND isFinite(v)) AS p
INNER JOIN (SELECT grid_id, feature, center, scale, low, bins_per_unit FROM feature_grids FINAL WHERE model = {model:String} AND kind = 'numeric' AND grid_id >= {first_id:UInt32}) AS g ON p.f = g.feature
GROUP BY grid_id, version, t, bin`;

export const backfillCategories = `INSERT INTO feature_histogram (grid_id, version, t, bin, n)
SELECT g.grid_id AS grid_id, version, toStartOfFiveMinutes(ts) AS t, toUInt8(indexOf(g.category_values, v)) AS bin, count() AS n
FROM (SELECT ts, version, f, v FROM predictions
  ARRAY JOIN arrayConcat(mapKeys(categories), if(prediction_class = '', [], ['__prediction__'])) AS f, arrayConcat(mapValues(categories), if(prediction_class = '', [], [toString(prediction_class)])) AS v
  WHERE model = {model:String} AND received < {active_from:DateTime64(3)}) AS p
INNER JOIN (SELECT grid_id, feature, category_values FROM feature_grids FINAL WHERE model = {model:String} AND kind = 'categorical' AND grid_id >= {first_id:UInt32}) AS g ON p.f = g.feature
GROUP BY grid_id, version, t, bin`;

export const backfillMissing = `INSERT INTO feature_histogram (grid_id, version, t, bin, n)
SELECT g.grid_id AS grid_id, version, toStartOfFiveMinutes(ts) AS t, toUInt8(255) AS bin, count() AS n
FROM (SELECT ts, version, f FROM predictions ARRAY JOIN missing AS f WHERE model = {model:String} AND received < {active_from:DateTime64(3)}) AS p
INNER JOIN (SELECT grid_id, feature FROM feature_grids FINAL WHERE model = {model:String} AND grid_id >= {first_id:UInt32}) AS g ON p.f = g.feature
GROUP BY grid_id, version, t, bin`;

/** Says from which moment of arrival on the ingest path counts for new grids. */
export const activateGrids = `INSERT INTO feature_grids (grid_id, model, feature, kind, center, scale, low, bins_per_unit, upper_edges, groups, category_values, created, active_from, complete)
SELECT grid_id, model, feature, kind, center, scale, low, bins_per_unit, upper_edges, groups, category_values, created + INTERVAL 1 MILLISECOND AS created, {active_from:DateTime64(3)} AS active_from, 0 AS complete
FROM feature_grids FINAL WHERE model = {model:String} AND grid_id >= {first_id:UInt32}`;

/** Marks the grids of a model as counted; they are used from now on. */
export const completeGrids = `INSERT INTO feature_grids (grid_id, model, feature, kind, center, scale, low, bins_per_unit, upper_edges, groups, category_values, created, active_from, complete)
SELECT grid_id, model, feature, kind, center, scale, low, bins_per_unit, upper_edges, groups, category_values, created + INTERVAL 1 MILLISECOND AS created, active_from, 1 AS complete
FROM feature_grids FINAL WHERE model = {model:String} AND grid_id >= {first_id:UInt32}`;

export const nextGridId = defineQuery<Record<string, never>>()({
  name: 'next_grid_id',
  sql: 'SELECT max(grid_id) + 1 AS id FROM feature_grids',
  row: z.object({ id: z.number() }),
});

const featureKind = { feature: z.string(), kind: z.enum(['numeric', 'categorical']) };
const BY_MAJORITY = "if(numeric >= categorical, 'numeric', 'categorical') AS kind";
const HAVE_GRIDS = 'SELECT model, feature FROM feature_grids FINAL WHERE complete = 1';

/** Features and scores of all models that have been seen often enough but have no complete grid; kind by majority. */
export const featuresWithoutGrid = defineQuery<{ readonly min_rows: number }>()({
  name: 'features_without_grid',
  sql: `SELECT model, feature, ${BY_MAJORITY} FROM (
  SELECT model, feature, sumIf(n, kind = 'numeric') AS numeric, sumIf(n, kind = 'categorical') AS categorical FROM features_seen GROUP BY model, feature
  UNION ALL SELECT model, '__score__' AS feature, sum(score_count) AS numeric, 0 AS categorical FROM service_per_day GROUP BY model)
WHERE numeric + categorical >= {min_rows:UInt32} AND (model, feature) NOT IN (${HAVE_GRIDS}) ORDER BY model, feature`,
  row: z.object({ model: z.string(), ...featureKind }),
});

/** The same for the predictions of one model; counts its rows. */
export const predictionWithoutGrid = defineQuery<{ readonly model: string; readonly min_rows: number }>()({
  name: 'prediction_without_grid',
  sql: `SELECT '__prediction__' AS feature, ${BY_MAJORITY} FROM (
  SELECT countIf(isFinite(prediction_number)) AS numeric, countIf(prediction_class != '') AS categorical FROM predictions WHERE model = {model:String})
WHERE numeric + categorical >= {min_rows:UInt32} AND ({model:String}, '__prediction__') NOT IN (${HAVE_GRIDS})`,
  row: z.object(featureKind),
});

export const knownModels = defineQuery<Record<string, never>>()({
  name: 'known_models',
  sql: `SELECT model, sum(requests) AS n, toUnixTimestamp64Milli(min(first_ts)) AS first_ms, toUnixTimestamp64Milli(max(last_ts)) AS last_ms
FROM service_per_day GROUP BY model ORDER BY model`,
  row: z.object({ model: z.string(), n: z.number(), first_ms: z.number(), last_ms: z.number() }),
});
