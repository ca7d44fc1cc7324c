import { z } from 'zod';
import { defineQuery, NOT_COMPILED } from '../query.ts';

const episode = z.object({
  id: z.string(),
  alert: z.string(),
  scope: z.string(),
  model: z.string(),
  severity: z.string(),
  pending_ms: z.number(),
  firing_ms: z.number(),
  /** 0 while it is open. */
  resolved_ms: z.number(),
  summary: z.string(),
  values: z.record(z.string(), z.number().nullable()),
  transitions: z.array(z.tuple([z.number(), z.string()])),
});

/** One time that an alert fired, from its first true minute to its end. Times in epoch ms. */
export type Episode = z.infer<typeof episode>;

/** Episodes that fired, newest first; '' is every model and every episode. Those open at any time in [from, to) count. */
export const episodes = defineQuery<{
  readonly model: string;
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}>()({
  name: 'episodes',
  settings: NOT_COMPILED,
  sql: `SELECT episode AS id, any(h.alert) AS alert, any(h.scope_key) AS scope, any(h.model) AS model, argMax(h.severity, h.at) AS severity,
  toUnixTimestamp64Milli(min(h.at)) AS pending_ms, toUnixTimestamp64Milli(minIf(h.at, h.transition = 'firing')) AS firing_ms,
  if(countIf(h.transition = 'resolved') = 0, 0, toUnixTimestamp64Milli(maxIf(h.at, h.transition = 'resolved'))) AS resolved_ms,
  argMinIf(h.summary, h.at, h.transition = 'firing') AS summary, argMinIf(h.values, h.at, h.transition = 'firing') AS values,
  arraySort(groupArray((toUnixTimestamp64Milli(h.at), toString(h.transition)))) AS transitions
FROM alert_history AS h FINAL
WHERE ({id:String} = '' OR episode = {id:String}) AND ({model:String} = '' OR h.model = {model:String})
GROUP BY episode
HAVING countIf(h.transition = 'firing') > 0 AND pending_ms < {to:Int64} AND (resolved_ms = 0 OR resolved_ms >= {from:Int64})
ORDER BY firing_ms DESC, id LIMIT {limit:UInt32}`,
  row: episode,
});

const changeEvent = z.object({
  ts_ms: z.number(),
  kind: z.string(),
  title: z.string(),
  model: z.string(),
  version: z.string(),
  url: z.string(),
  labels: z.record(z.string(), z.string()),
});

/** A deploy, retrain or other change. */
export type ChangeEvent = z.infer<typeof changeEvent>;

/** Changes of a model, and of no model in particular, in [from, to) (epoch ms), newest first. */
export const changeEvents = defineQuery<{
  readonly model: string;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}>()({
  name: 'change_events',
  settings: NOT_COMPILED,
  sql: `SELECT toUnixTimestamp64Milli(ts) AS ts_ms, kind, title, model, version, url, labels FROM change_events
WHERE model IN ({model:String}, '') AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
ORDER BY ts DESC, title LIMIT {limit:UInt32}`,
  row: changeEvent,
});

/** How many GPU samples of some signals and business numbers a model has in [from, to) (epoch ms), and when; 0 where it has none. */
export const sideSeriesSpan = defineQuery<{
  readonly model: string;
  readonly signals: readonly string[];
  readonly from: number;
  readonly to: number;
}>()({
  name: 'side_series_span',
  settings: NOT_COMPILED,
  sql: `SELECT countIf(g.is_gpu) AS gpu, countIf(NOT g.is_gpu) AS business, toUnixTimestamp64Milli(min(g.ts)) AS from_ms, toUnixTimestamp64Milli(max(g.ts)) AS to_ms FROM (
  SELECT true AS is_gpu, ts FROM gpu_samples WHERE signal IN {signals:Array(String)} AND model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  UNION ALL
  SELECT false AS is_gpu, ts FROM business_metrics WHERE model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')) AS g`,
  row: z.object({ gpu: z.number(), business: z.number(), from_ms: z.number(), to_ms: z.number() }),
});

const gpuBucket = z.object({
  signal: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])),
  gpus: z.array(z.string()),
  pods: z.array(z.string()),
  nodes: z.array(z.string()),
});

/** A GPU signal of the model's busiest GPU by bucket of time, and where it was measured. */
export type GpuSeries = z.infer<typeof gpuBucket>;

/** GPU telemetry of a model, some signals in [from, to) (epoch ms) by bucket (seconds): in each the mean of the busiest GPU. */
export const gpuByBucket = defineQuery<{
  readonly model: string;
  readonly signals: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly bucket: number;
}>()({
  name: 'gpu_by_bucket',
  settings: NOT_COMPILED,
  sql: `SELECT signal, groupArray((bucket_ms, busiest)) AS points,
  arrayDistinct(arrayFlatten(groupArray(all_gpus))) AS gpus, arrayDistinct(arrayFlatten(groupArray(all_pods))) AS pods, arrayDistinct(arrayFlatten(groupArray(all_nodes))) AS nodes
FROM (
  SELECT signal, bucket_ms, max(mean) AS busiest, groupUniqArray(20)(gpu) AS all_gpus, groupUniqArray(20)(pod) AS all_pods, groupUniqArray(20)(node) AS all_nodes
  FROM (
    SELECT signal, toString(gpu) AS gpu, toString(any(g.pod)) AS pod, toString(any(g.node)) AS node,
      intDiv(toUnixTimestamp(ts), {bucket:UInt32}) * {bucket:UInt32} * 1000 AS bucket_ms, avg(g.value) AS mean
    FROM gpu_samples AS g
    WHERE signal IN {signals:Array(String)} AND model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    GROUP BY signal, gpu, bucket_ms)
  GROUP BY signal, bucket_ms ORDER BY signal, bucket_ms)
GROUP BY signal ORDER BY signal`,
  row: gpuBucket,
});

/** On which GPUs, in which pods and on which nodes a model was measured in [from, to) (epoch ms). */
export const gpuSources = defineQuery<{ readonly model: string; readonly from: number; readonly to: number }>()({
  name: 'gpu_sources',
  settings: NOT_COMPILED,
  sql: `SELECT DISTINCT gpu, pod, node FROM gpu_samples
WHERE model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
ORDER BY gpu, pod, node LIMIT 100`,
  row: z.object({ gpu: z.string(), pod: z.string(), node: z.string() }),
});

const businessSeries = z.object({
  metric: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])),
  labels: z.array(z.string()),
});

/** One business metric by bucket of time, with the labels it came with as `name=value`. */
export type BusinessSeries = z.infer<typeof businessSeries>;

/** The mean of each business metric of a model in [from, to) (epoch ms) by bucket (seconds). */
export const businessByBucket = defineQuery<{
  readonly model: string;
  readonly from: number;
  readonly to: number;
  readonly bucket: number;
}>()({
  name: 'business_by_bucket',
  settings: NOT_COMPILED,
  sql: `SELECT metric, groupArray((bucket_ms, mean)) AS points, arrayDistinct(arrayFlatten(groupArray(all_labels))) AS labels
FROM (
  SELECT metric, intDiv(toUnixTimestamp(ts), {bucket:UInt32}) * {bucket:UInt32} * 1000 AS bucket_ms, avg(b.value) AS mean,
    groupUniqArrayArray(20)(arrayMap((k, v) -> concat(k, '=', v), mapKeys(b.labels), mapValues(b.labels))) AS all_labels
  FROM business_metrics AS b
  WHERE model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  GROUP BY metric, bucket_ms ORDER BY metric, bucket_ms)
GROUP BY metric ORDER BY metric`,
  row: businessSeries,
});

/** How many predictions of a model in [from, to) (epoch ms) there are, failed, or say of themselves that they are simulated. */
export const affectedPredictions = defineQuery<{
  readonly model: string;
  readonly from: number;
  readonly to: number;
}>()({
  name: 'affected_predictions',
  settings: NOT_COMPILED,
  sql: `SELECT count() AS predictions, countIf(status = 'error') AS errors, countIf(positionCaseInsensitive(extra, 'simulated') > 0 OR positionCaseInsensitive(pod, 'simulated') > 0) AS simulated
FROM predictions WHERE model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`,
  row: z.object({ predictions: z.number(), errors: z.number(), simulated: z.number() }),
});
