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

/** Rows of a model in the range, from minutes or from hours. */
const serviceSql = (table: 'service_per_minute' | 'service_per_hour', startOf: 'toStartOfMinute' | 'toStartOfHour') =>
  `SELECT intDiv(toUnixTimestamp(t), {bucket:UInt32}) * {bucket:UInt32} * 1000 AS bucket_ms, sum(s.requests) AS requests, sum(s.errors) AS errors,
  sum(s.latency_count) AS latencies, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms
FROM ${table} AS s
WHERE model = {model:String} AND segment = {segment:String} AND ({version:String} = '' OR version = {version:String})
  AND t >= ${startOf}(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY bucket_ms ORDER BY bucket_ms`;

type ServiceRange = {
  readonly model: string;
  readonly version: string;
  readonly segment: string;
  readonly from: number;
  readonly to: number;
  readonly bucket: number;
};

const byMinutes = defineQuery<ServiceRange>()({
  name: 'service_by_bucket',
  sql: serviceSql('service_per_minute', 'toStartOfMinute'),
  row: serviceBucket,
});

const byHours = defineQuery<ServiceRange>()({
  name: 'service_by_hours',
  sql: serviceSql('service_per_hour', 'toStartOfHour'),
  row: serviceBucket,
});

/**
 * Returns the query of traffic, errors and latency quantiles of a model by bucket (seconds); it merges sketches, so any
 * bucket is as exact as a minute. A bucket of whole hours is read from hours and begins with the hour of `from`.
 */
export function serviceByBucket(bucketSeconds: number) {
  return bucketSeconds % 3600 === 0 ? byHours : byMinutes;
}

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

/** Models with the newest minute of each, in the same order. */
type NewestMinutes = {
  readonly models: readonly string[];
  /** Start of the minute, epoch seconds. */
  readonly newest: readonly number[];
};

const OWN_NEWEST = `toDateTime(transform(toString(model), {models:Array(String)}, {newest:Array(UInt32)}, toUInt32(0)), 'UTC')`;

/**
 * Traffic and errors of models in the last 60 minutes up to the newest minute of each. `minutes` (epoch seconds) are all
 * those of all of them, most of which they share: few times are looked up, then each model's own are picked.
 */
export const lastHourTraffic = defineQuery<NewestMinutes & { readonly minutes: readonly number[] }>()({
  name: 'last_hour_traffic',
  sql: `SELECT model, sum(s.requests) AS requests, sum(s.errors) AS errors FROM service_per_minute AS s
WHERE segment = '' AND model IN {models:Array(String)} AND t IN {minutes:Array(DateTime('UTC'))} AND t > ${OWN_NEWEST} - INTERVAL 60 MINUTE
GROUP BY model`,
  row: z.object({ model: z.string(), requests: z.number(), errors: z.number() }),
});

/**
 * Latency of models in the clock hour of the newest minute of each and the one before, because sketches of all models
 * are only read quickly by the hour. `hours` (epoch seconds) are all those of all of them.
 */
export const lastHoursLatency = defineQuery<NewestMinutes & { readonly hours: readonly number[] }>()({
  name: 'last_hours_latency',
  sql: `SELECT model, sum(s.latency_count) AS latencies, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms FROM service_per_hour AS s
WHERE segment = '' AND model IN {models:Array(String)} AND t IN {hours:Array(DateTime('UTC'))} AND t >= toStartOfHour(${OWN_NEWEST}) - INTERVAL 1 HOUR
GROUP BY model`,
  row: serviceBucket.pick({ latencies: true, quantiles_ms: true }).extend({ model: z.string() }),
});
