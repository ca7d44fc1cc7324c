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

/** Traffic, errors and latency quantiles of a model by bucket (seconds); merges sketches, so any bucket is as exact as a minute. */
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
FROM service_per_minute AS s
WHERE model = {model:String} AND segment = {segment:String} AND ({version:String} = '' OR version = {version:String})
  AND t >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
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

/** Traffic, errors and latency of every model (''), or of one, in the last 60 minutes up to its own newest minute. */
export const fleetLastHour = defineQuery<{ readonly model: string }>()({
  name: 'fleet_last_hour',
  sql: `SELECT model, sum(s.requests) AS requests, sum(s.errors) AS errors, sum(s.latency_count) AS latencies,
  quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms, toUnixTimestamp(max(t)) * 1000 AS last_minute_ms
FROM service_per_minute AS s
WHERE segment = '' AND ({model:String} = '' OR model = {model:String}) AND (model, t) IN (
  SELECT model, toDateTime(arrayJoin(arrayMap(i -> toUnixTimestamp(newest) - i * 60, range(60))), 'UTC')
  FROM (SELECT model, max(t) AS newest FROM service_per_minute WHERE segment = '' AND ({model:String} = '' OR model = {model:String}) GROUP BY model))
GROUP BY model ORDER BY model`,
  row: serviceBucket.omit({ bucket_ms: true }).extend({ model: z.string(), last_minute_ms: z.number() }),
});
