import { z } from 'zod';
import { defineQuery } from '../query.ts';

const serviceBucket = z.object({
  bucket_ms: z.number(),
  requests: z.number(),
  errors: z.number(),
  latencies: z.number(),
  /** p50, p95, p99 in milliseconds within 1 %; null without latencies. */
  quantiles_ms: z.array(z.number().nullable()),
});

/** Traffic, errors and latency of one model in one bucket of time. */
export type ServiceBucket = z.infer<typeof serviceBucket>;

/** Rows of a model in the range: minutes, or hours where the bucket is made of whole hours. */
const SERVICE_ROWS = `(
  SELECT t, requests, errors, latency_count, latency FROM service_per_minute
  WHERE {bucket:UInt32} % 3600 != 0 AND model = {model:String} AND segment = {segment:String} AND ({version:String} = '' OR version = {version:String})
    AND t >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  UNION ALL
  SELECT t, requests, errors, latency_count, latency FROM service_per_hour
  WHERE {bucket:UInt32} % 3600 = 0 AND model = {model:String} AND segment = {segment:String} AND ({version:String} = '' OR version = {version:String})
    AND t >= toStartOfHour(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC'))`;

/**
 * Traffic, errors and latency quantiles of a model by bucket (seconds); merges sketches, so any bucket is as exact as a
 * minute. A bucket of whole hours begins with the hour of `from`.
 */
export const serviceByBucket = defineQuery<{
  readonly model: string;
  readonly version: string;
  readonly segment: string;
  readonly from: number;
  readonly to: number;
  readonly bucket: number;
}>()({
  name: 'service_by_bucket',
  sql: `SELECT intDiv(toUnixTimestamp(t), {bucket:UInt32}) * {bucket:UInt32} * 1000 AS bucket_ms, sum(s.requests) AS requests, sum(s.errors) AS errors,
  sum(s.latency_count) AS latencies, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms
FROM ${SERVICE_ROWS} AS s
GROUP BY bucket_ms ORDER BY bucket_ms`,
  row: serviceBucket,
});

/** The same by version over a whole range, with the first and last prediction of each. */
export const serviceByVersion = defineQuery<{ readonly model: string; readonly from: number; readonly to: number }>()({
  name: 'service_by_version',
  sql: `SELECT version, sum(s.requests) AS requests, sum(s.errors) AS errors, sum(s.latency_count) AS latencies,
  quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms,
  toUnixTimestamp64Milli(min(s.first_ts)) AS first_ms, toUnixTimestamp64Milli(max(s.last_ts)) AS last_ms
FROM service_per_minute AS s
WHERE model = {model:String} AND segment = '' AND t >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY version ORDER BY version`,
  row: serviceBucket
    .omit({ bucket_ms: true })
    .extend({ version: z.string(), first_ms: z.number(), last_ms: z.number() }),
});

const OF_MODEL = `segment = '' AND ({model:String} = '' OR model = {model:String})`;

/** The newest minute of each model, from what its projection holds ready. */
const NEWEST_MINUTES = `SELECT model, toStartOfMinute(max(last_ts)) AS newest FROM service_per_minute WHERE ${OF_MODEL} GROUP BY model`;

/**
 * Traffic and errors of every model (''), or of one, in the last 60 minutes up to its own newest minute; latency in the
 * clock hour of that minute and the one before, because sketches of all models are only read quickly by the hour.
 */
export const fleetLastHour = defineQuery<{ readonly model: string }>()({
  name: 'fleet_last_hour',
  sql: `SELECT traffic.model AS model, n AS requests, failed AS errors, timed AS latencies, quantiles AS quantiles_ms, toUnixTimestamp(last_minute) * 1000 AS last_minute_ms
FROM (
  SELECT model, sum(requests) AS n, sum(errors) AS failed, max(t) AS last_minute FROM service_per_minute
  WHERE ${OF_MODEL} AND (model, t) IN (
    SELECT model, toDateTime(arrayJoin(arrayMap(i -> toUnixTimestamp(newest) - i * 60, range(60))), 'UTC') FROM (${NEWEST_MINUTES}))
  GROUP BY model) AS traffic
INNER JOIN (
  SELECT model, sum(latency_count) AS timed, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency) AS quantiles FROM service_per_hour
  WHERE ${OF_MODEL} AND (model, t) IN (SELECT model, arrayJoin([toStartOfHour(newest), toStartOfHour(newest) - INTERVAL 1 HOUR]) FROM (${NEWEST_MINUTES}))
  GROUP BY model) AS sketches ON traffic.model = sketches.model
ORDER BY model`,
  row: serviceBucket.omit({ bucket_ms: true }).extend({ model: z.string(), last_minute_ms: z.number() }),
});
