import { z } from 'zod';
import { defineQuery, NOT_COMPILED } from '../query.ts';

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

/** One model lies together in the tables themselves: to weigh their projections by time as well takes longer than to read. */
const BY_KEY = 'SETTINGS optimize_use_projections = 0';

/** Rows of a model in the range, from minutes or from hours. */
const serviceSql = (table: 'service_per_minute' | 'service_per_hour', startOf: 'toStartOfMinute' | 'toStartOfHour') =>
  `SELECT intDiv(toUnixTimestamp(t), {bucket:UInt32}) * {bucket:UInt32} * 1000 AS bucket_ms, sum(s.requests) AS requests, sum(s.errors) AS errors,
  sum(s.latency_count) AS latencies, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms
FROM ${table} AS s
WHERE model = {model:String} AND segment = {segment:String} AND ({version:String} = '' OR version = {version:String})
  AND t >= ${startOf}(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY bucket_ms ORDER BY bucket_ms
${BY_KEY}`;

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
  settings: NOT_COMPILED,
  sql: serviceSql('service_per_minute', 'toStartOfMinute'),
  row: serviceBucket,
});

const byHours = defineQuery<ServiceRange>()({
  name: 'service_by_hours',
  settings: NOT_COMPILED,
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

/** Models in the order of their names, with the newest minute of each. */
type NewestMinutes = {
  readonly models: readonly string[];
  /** Start of the minute, epoch seconds. */
  readonly newest: readonly number[];
  /** The first and the last of the names. */
  readonly first: string;
  readonly last: string;
  /** Oldest and newest time of all of them, epoch seconds. */
  readonly from: number;
  readonly to: number;
  /** The times themselves, where few of those between are wanted; empty for all. */
  readonly times: readonly number[];
};

/** A model that is not asked for has its newest minute in 2106. */
const OWN_NEWEST = `toDateTime(transform(toString(model), {models:Array(String)}, {newest:Array(UInt32)}, toUInt32(4294967295)), 'UTC')`;

/** The names are no condition on the key: to look for each of hundreds in it takes longer than to read what lies between. */
const OF_NEWEST = `segment = '' AND model >= {first:String} AND model <= {last:String} AND t >= toDateTime({from:UInt32}, 'UTC') AND t <= toDateTime({to:UInt32}, 'UTC')
  AND (empty({times:Array(DateTime('UTC'))}) OR t IN {times:Array(DateTime('UTC'))})`;

const lastTraffic = z.object({ model: z.string(), requests: z.number(), errors: z.number() });
const lastLatency = serviceBucket.pick({ latencies: true, quantiles_ms: true }).extend({ model: z.string() });

/** Traffic and errors of models in the last 60 minutes up to the newest minute of each; times are minutes. */
export const lastHourTraffic = defineQuery<NewestMinutes>()({
  name: 'last_hour_traffic',
  settings: NOT_COMPILED,
  sql: `SELECT model, sum(s.requests) AS requests, sum(s.errors) AS errors FROM service_per_minute AS s
WHERE ${OF_NEWEST} AND t > ${OWN_NEWEST} - INTERVAL 60 MINUTE
GROUP BY model`,
  row: lastTraffic,
});

/**
 * Latency of models in the clock hour of the newest minute of each and the one before, because sketches of all models
 * are only read quickly by the hour; times are hours.
 */
export const lastHoursLatency = defineQuery<NewestMinutes>()({
  name: 'last_hours_latency',
  settings: NOT_COMPILED,
  sql: `SELECT model, sum(s.latency_count) AS latencies, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms FROM service_per_hour AS s
WHERE ${OF_NEWEST} AND t >= toStartOfHour(${OWN_NEWEST}) - INTERVAL 1 HOUR
GROUP BY model`,
  row: lastLatency,
});

/** One model with the start of its newest minute, epoch seconds. */
type NewestMinute = { readonly model: string; readonly newest: number };

const NEWEST = `toDateTime({newest:UInt32}, 'UTC')`;

/** The same as `lastHourTraffic` of one model. */
export const lastHourTrafficOfModel = defineQuery<NewestMinute>()({
  name: 'last_hour_traffic_of_model',
  settings: NOT_COMPILED,
  sql: `SELECT model, sum(s.requests) AS requests, sum(s.errors) AS errors FROM service_per_minute AS s
WHERE model = {model:String} AND segment = '' AND t > ${NEWEST} - INTERVAL 60 MINUTE AND t <= ${NEWEST}
GROUP BY model ${BY_KEY}`,
  row: lastTraffic,
});

/** The same as `lastHoursLatency` of one model. */
export const lastHoursLatencyOfModel = defineQuery<NewestMinute>()({
  name: 'last_hours_latency_of_model',
  settings: NOT_COMPILED,
  sql: `SELECT model, sum(s.latency_count) AS latencies, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(s.latency) AS quantiles_ms FROM service_per_hour AS s
WHERE model = {model:String} AND segment = '' AND t >= toStartOfHour(${NEWEST}) - INTERVAL 1 HOUR AND t <= ${NEWEST}
GROUP BY model ${BY_KEY}`,
  row: lastLatency,
});
