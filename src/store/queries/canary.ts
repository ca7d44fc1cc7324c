import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** Versions of a model that sent predictions in a range, the most used first. Times in epoch ms. */
export const versionsInRange = defineQuery<{ readonly model: string; readonly from: number; readonly to: number }>()({
  name: 'versions_in_range',
  sql: `SELECT version, sum(requests) AS predictions FROM service_per_minute
WHERE model = {model:String} AND segment = ''
  AND t >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY version ORDER BY predictions DESC, version`,
  row: z.object({ version: z.string(), predictions: z.number() }),
});

/** When each of two versions sent its first prediction at or after a time; epoch ms. */
export const firstPredictions = defineQuery<{
  readonly model: string;
  readonly versions: readonly string[];
  readonly from: number;
  readonly to: number;
}>()({
  name: 'first_predictions',
  sql: `SELECT version, toUnixTimestamp64Milli(min(ts)) AS first_ms FROM predictions
WHERE ${asked()} GROUP BY version`,
  row: z.object({ version: z.string(), first_ms: z.number() }),
});

const arm = z.object({
  version: z.string(),
  predictions: z.number(),
  errors: z.number(),
  with_missing: z.number(),
  timed: z.number(),
  /** Slower than the limit asked for. */
  slow: z.number(),
  median_ms: z.number().nullable(),
  log_mean: z.number().nullable(),
  log_variance: z.number().nullable(),
});

/** What one version did in a range; latencies in ms, their moments of the natural logarithm. */
export type CanaryArm = z.infer<typeof arm>;

/** Counts and latencies of two versions over the same range of time. */
export const canaryArms = defineQuery<{
  readonly model: string;
  readonly versions: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly limit_ms: number;
}>()({
  name: 'canary_arms',
  sql: `SELECT version, count() AS predictions, countIf(status = 'error') AS errors, countIf(notEmpty(missing)) AS with_missing,
  countIf(${isTimed()}) AS timed, countIf(${isTimed()} AND latency_ms > {limit_ms:Float64}) AS slow,
  if(timed = 0, NULL, quantileExactInclusiveIf(0.5)(latency_ms, ${isTimed()})) AS median_ms,
  if(timed < 2, NULL, avgIf(${logLatency()}, ${isTimed()})) AS log_mean,
  if(timed < 2, NULL, varSampStableIf(${logLatency()}, ${isTimed()})) AS log_variance
FROM predictions WHERE ${asked()} GROUP BY version`,
  row: arm,
});

/** Latencies of two versions side by side, counted in steps of 0.2 %, in ascending order: what a rank test needs. */
export const canaryLatencies = defineQuery<{
  readonly model: string;
  readonly versions: readonly string[];
  readonly baseline: string;
  readonly from: number;
  readonly to: number;
}>()({
  name: 'canary_latencies',
  sql: `SELECT floor(500 * ${logLatency()}) AS step, countIf(version = {baseline:String}) AS baseline, countIf(version != {baseline:String}) AS canary
FROM predictions WHERE ${asked()} AND ${isTimed()} GROUP BY step ORDER BY step`,
  row: z.object({ step: z.number(), baseline: z.number(), canary: z.number() }),
});

function asked(): string {
  return `model = {model:String} AND version IN {versions:Array(String)}
  AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`;
}

function isTimed(): string {
  return `(isFinite(latency_ms) AND latency_ms >= 0)`;
}

/** A thousandth of a millisecond keeps a latency of 0 finite. */
function logLatency(): string {
  return 'log(latency_ms + 0.001)';
}
