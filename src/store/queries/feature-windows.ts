import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** Counts by decile (numbers) or code (categories) of a histogram of 250 bins; needs groups, kind and k in scope. */
export const grouped = (histogram: string): string =>
  `if(kind = 'categorical', arraySlice(${histogram}, 1, k + 1), arrayMap(i -> arraySum((x, g) -> if(g = i, x, 0), arraySlice(${histogram}, 1, 250), groups), range(10)))`;

const GRIDS = `SELECT model, grid_id, kind, groups, length(category_values) AS k FROM feature_grids FINAL WHERE model IN {models:Array(String)} AND complete = 1`;

/** Merges the buckets of some models into windows of \`window\` seconds, from a multiple of it to another. */
export const writeFeatureWindows = `INSERT INTO feature_windows (window, grid_id, window_from, h, counts, created)
WITH grids AS (${GRIDS})
SELECT {window:UInt32} AS window, c.grid_id AS grid_id, toDateTime({from:UInt32} + c.w * {window:UInt32}) AS window_from, c.h AS h, ${grouped('c.h')} AS counts, {created:DateTime64(3)} AS created
FROM (
  SELECT grid_id, intDiv(toUnixTimestamp(t) - {from:UInt32}, {window:UInt32}) AS w, sumResample(0, 256, 1)(n, bin) AS h FROM feature_histogram
  WHERE grid_id IN (SELECT grid_id FROM grids) AND t >= toDateTime({from:UInt32}) AND t < toDateTime({to:UInt32}) GROUP BY grid_id, w) AS c
INNER JOIN grids AS g ON c.grid_id = g.grid_id`;

/** From when to when the windows of each model are merged, for all of its features. */
export const mergedWindows = defineQuery<Record<string, never>>()({
  name: 'merged_windows',
  sql: `SELECT model, window, max(first_from) AS from_s, min(last_from) + window AS to_s FROM (
  SELECT grid_id, window, toUnixTimestamp(min(window_from)) AS first_from, toUnixTimestamp(max(window_from)) AS last_from FROM feature_windows GROUP BY grid_id, window) AS w
INNER JOIN (SELECT model, grid_id FROM feature_grids FINAL WHERE complete = 1) AS g ON w.grid_id = g.grid_id
GROUP BY model, window HAVING from_s < to_s`,
  row: z.object({ model: z.string(), window: z.number(), from_s: z.number(), to_s: z.number() }),
});

/**
 * Merges the references of models whose references are the same ranges, all of them whole windows: counts by bin of
 * every feature, and counts by decile or category of each window, oldest first, for the overdispersion between them.
 */
export const writeProfilesFromWindows = `INSERT INTO reference_profiles (model, key, grid_id, reference_version, h, windows, created)
WITH grids AS (${GRIDS}),
  merged AS (
    SELECT grid_id, sumForEach(h) AS h, arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((window_from, counts)))) AS windows FROM feature_windows FINAL
    WHERE window = {window:UInt32} AND grid_id IN (SELECT grid_id FROM grids)
      AND window_from >= toDateTime(arrayMin({reference_from:Array(UInt32)})) AND window_from < toDateTime(arrayMax({reference_to:Array(UInt32)}))
      AND arrayExists((a, b) -> toUnixTimestamp(window_from) >= a AND toUnixTimestamp(window_from) < b, {reference_from:Array(UInt32)}, {reference_to:Array(UInt32)})
    GROUP BY grid_id)
SELECT g.model AS model, {key:UInt32} AS key, g.grid_id AS grid_id, transform(toString(g.model), {models:Array(String)}, {versions:Array(UInt32)}, toUInt32(0)) AS reference_version,
  m.h AS h, m.windows AS windows, {created:DateTime64(3)} AS created
FROM merged AS m INNER JOIN grids AS g ON m.grid_id = g.grid_id`;

const IN_RANGES = `t >= toDateTime(arrayMin({reference_from:Array(UInt32)})) AND t < toDateTime(arrayMax({reference_to:Array(UInt32)}))
    AND arrayExists((a, b) -> toUnixTimestamp(t) >= a AND toUnixTimestamp(t) < b, {reference_from:Array(UInt32)}, {reference_to:Array(UInt32)})
    AND ({reference_version:String} = '' OR version = {reference_version:String})`;

/** The same for references that are not whole windows, or one version only: from the five-minute buckets. */
export const writeProfilesFromBuckets = `INSERT INTO reference_profiles (model, key, grid_id, reference_version, h, windows, created)
WITH grids AS (${GRIDS}),
  by_window AS (
    SELECT c.grid_id AS grid_id, c.w AS w, c.h AS h, ${grouped('c.h')} AS counts FROM (
      SELECT grid_id, intDiv(toUnixTimestamp(t), {window:UInt32}) AS w, sumResample(0, 256, 1)(n, bin) AS h FROM feature_histogram
      WHERE grid_id IN (SELECT grid_id FROM grids) AND ${IN_RANGES} GROUP BY grid_id, w) AS c INNER JOIN grids AS g ON c.grid_id = g.grid_id),
  merged AS (SELECT grid_id, sumForEach(h) AS h, arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((w, counts)))) AS windows FROM by_window GROUP BY grid_id)
SELECT g.model AS model, {key:UInt32} AS key, g.grid_id AS grid_id, transform(toString(g.model), {models:Array(String)}, {versions:Array(UInt32)}, toUInt32(0)) AS reference_version,
  m.h AS h, m.windows AS windows, {created:DateTime64(3)} AS created
FROM merged AS m INNER JOIN grids AS g ON m.grid_id = g.grid_id`;
