import { z } from 'zod';
import { defineQuery } from '../query.ts';
import { grouped } from './feature-windows.ts';

/** What was stored of a file, by the name of its reference; times are 0 when the rows have none. */
export const referenceFileFacts = defineQuery<{ readonly source: string }>()({
  name: 'reference_file_facts',
  sql: `SELECT count() AS rows, if(countIf(toUnixTimestamp64Milli(ts) = 0) > 0, 0, toUnixTimestamp64Milli(min(ts))) AS from_ms, if(from_ms = 0, 0, toUnixTimestamp64Milli(max(ts)) + 1) AS to_ms
FROM reference_rows WHERE model = {source:String}`,
  row: z.object({ rows: z.number(), from_ms: z.number(), to_ms: z.number() }),
});

/** The features of a file, with the prediction, of the kind that the model's own records show, else the file's. */
export const referenceFileFeatures = defineQuery<{ readonly source: string; readonly model: string }>()({
  name: 'reference_file_features',
  sql: `SELECT f.feature AS feature, if(s.numeric + s.categorical > 0, if(s.numeric >= s.categorical, 'numeric', 'categorical'), if(f.numeric >= f.categorical, 'numeric', 'categorical')) AS kind
FROM (
  SELECT e.1 AS feature, countIf(e.2 = 'numeric') AS numeric, countIf(e.2 = 'categorical') AS categorical FROM reference_rows
  ARRAY JOIN arrayConcat(arrayMap(k -> (toString(k), 'numeric'), mapKeys(numbers)), arrayMap(k -> (toString(k), 'categorical'), mapKeys(categories)),
    if(isFinite(score), [('__score__', 'numeric')], []), if(isFinite(prediction_number), [('__prediction__', 'numeric')], []), if(prediction_class != '', [('__prediction__', 'categorical')], [])) AS e
  WHERE model = {source:String} GROUP BY feature) AS f
LEFT JOIN (
  SELECT feature, sumIf(n, kind = 'numeric') AS numeric, sumIf(n, kind = 'categorical') AS categorical FROM features_seen WHERE model = {model:String} GROUP BY feature) AS s ON f.feature = s.feature
ORDER BY feature`,
  row: z.object({ feature: z.string(), kind: z.enum(['numeric', 'categorical']) }),
});

/** Requests of the windows of a file, oldest first, and those that failed. */
export const referenceFileRequests = defineQuery<{ readonly source: string; readonly window: number }>()({
  name: 'reference_file_requests',
  sql: `SELECT intDiv(toUnixTimestamp(ts), {window:UInt32}) AS w, count() AS requests, countIf(status = 'error') AS failed
FROM reference_rows WHERE model = {source:String} GROUP BY w ORDER BY w`,
  row: z.object({ w: z.number(), requests: z.number(), failed: z.number() }),
});

/** Takes back the rows of a reference that was not completed. */
export const forgetReferenceFile = 'DELETE FROM reference_rows WHERE model = {source:String}';

/** Merges the reference of one model from the rows of a file, as those of other references are from the histograms. */
export const writeProfileFromFile = `INSERT INTO reference_profiles (model, key, grid_id, reference_version, h, windows, created)
WITH grids AS (SELECT grid_id, feature, kind, center, scale, low, bins_per_unit, groups, category_values, length(category_values) AS k FROM feature_grids FINAL WHERE model = {model:String} AND complete = 1),
  counted AS (
    SELECT g.grid_id AS grid_id, intDiv(toUnixTimestamp(p.ts), {window:UInt32}) AS w,
      toUInt8(greatest(0, least(249, 1 + floor((((p.v - g.center) * g.scale) / (1 + abs((p.v - g.center) * g.scale)) - g.low) * g.bins_per_unit)))) AS bin, count() AS n
    FROM (SELECT ts, f, v FROM reference_rows ARRAY JOIN arrayConcat(mapKeys(numbers), ['__score__', '__prediction__']) AS f, arrayConcat(mapValues(numbers), [score, prediction_number]) AS v
      WHERE model = {source:String} AND isFinite(v)) AS p INNER JOIN (SELECT grid_id, feature, center, scale, low, bins_per_unit FROM grids WHERE kind = 'numeric') AS g ON p.f = g.feature GROUP BY grid_id, w, bin
    UNION ALL
    SELECT g.grid_id AS grid_id, intDiv(toUnixTimestamp(p.ts), {window:UInt32}) AS w, toUInt8(indexOf(g.category_values, p.v)) AS bin, count() AS n
    FROM (SELECT ts, f, v FROM reference_rows ARRAY JOIN arrayConcat(mapKeys(categories), if(prediction_class = '', [], ['__prediction__'])) AS f, arrayConcat(mapValues(categories), if(prediction_class = '', [], [toString(prediction_class)])) AS v
      WHERE model = {source:String}) AS p INNER JOIN (SELECT grid_id, feature, category_values FROM grids WHERE kind = 'categorical') AS g ON p.f = g.feature GROUP BY grid_id, w, bin
    UNION ALL
    SELECT g.grid_id AS grid_id, intDiv(toUnixTimestamp(p.ts), {window:UInt32}) AS w, toUInt8(255) AS bin, count() AS n
    FROM (SELECT ts, f FROM reference_rows ARRAY JOIN missing AS f WHERE model = {source:String}) AS p INNER JOIN grids AS g ON p.f = g.feature GROUP BY grid_id, w, bin),
  by_window AS (
    SELECT c.grid_id AS grid_id, c.w AS w, c.h AS h, ${grouped('c.h')} AS counts FROM (
      SELECT grid_id, w, sumResample(0, 256, 1)(n, bin) AS h FROM counted GROUP BY grid_id, w) AS c INNER JOIN grids AS g ON c.grid_id = g.grid_id),
  merged AS (SELECT grid_id, sumForEach(h) AS h, arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((w, counts)))) AS windows FROM by_window GROUP BY grid_id)
SELECT {model:String} AS model, 0 AS key, grid_id, {profile_version:UInt32} AS reference_version, h, windows, {created:DateTime64(3)} AS created FROM merged`;
