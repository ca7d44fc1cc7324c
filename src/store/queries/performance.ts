import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** Predictions by tumbling window, from the rollup; `segment` is '' or `name=value`. Times in epoch ms. */
export const predictionCounts = defineQuery<{
  readonly model: string;
  readonly version: string;
  readonly segment: string;
  readonly window: string;
  readonly from: number;
  readonly to: number;
}>()({
  name: 'prediction_counts',
  sql: `SELECT toUnixTimestamp(${windowStart('t')}) * 1000 AS window_ms, sum(requests) AS predictions
FROM service_per_minute
WHERE model = {model:String} AND segment = {segment:String} AND ({version:String} = '' OR version = {version:String})
  AND t >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY window_ms ORDER BY window_ms`,
  row: z.object({ window_ms: z.number(), predictions: z.number() }),
});

/**
 * Sums over the predictions of status ok of each window and their newest labels, from which every quality number
 * follows. The area under the ROC curve is exact, ties count half. Labels are read only for the predictions asked for:
 * their ids bound the primary key, and their 128-bit hashes carry the join, which halves its memory.
 */
export const performanceSums = defineQuery<{
  readonly model: string;
  readonly version: string;
  readonly segment_name: string;
  readonly segment_value: string;
  readonly window: string;
  readonly from: number;
  readonly to: number;
  /** Labels that came at this time (epoch ms) or later are not counted. */
  readonly labels_before: number;
  /** True: labels that came after the end of the prediction's own window are not counted either. */
  readonly by_window_end: boolean;
}>()({
  name: 'performance_sums',
  sql: `SELECT toUnixTimestamp(w) * 1000 AS window_ms,
  toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms,
  count() AS predictions, countIf(labeled) AS labels, countIf(decided) AS decisions, countIf(hit) AS hits,
  countIf(is_binary AND p_number = 1 AND l_number = 1) AS tp, countIf(is_binary AND p_number = 1 AND l_number = 0) AS fp,
  countIf(is_binary AND p_number = 0 AND l_number = 0) AS tn, countIf(is_binary AND p_number = 0 AND l_number = 1) AS fn,
  countIf(scored) AS scores, countIf(scored AND l_number = 1) AS positives,
  arrayROCAUC(groupArrayIf(score, scored), groupArrayIf(l_number = 1, scored)) AS auc,
  sumIf((score - l_number) * (score - l_number), scored) AS brier_sum,
  -sumIf(log(greatest(1e-15, least(1 - 1e-15, if(l_number = 1, score, 1 - score)))), scored) AS log_loss_sum,
  countIf(numeric) AS numbers, sumIf(p_number - l_number, numeric) AS error_sum,
  sumIf(abs(p_number - l_number), numeric) AS abs_error_sum, sumIf(pow(p_number - l_number, 2), numeric) AS squared_error_sum,
  if(numbers = 0, 0, varPopStableIf(l_number, numeric) * numbers) AS squared_deviation,
  countIf(labeled AND (p_class != 0 OR l_class != 0)) AS classes,
  groupUniqArrayIf(21)(l_number, numeric) AS label_values, groupUniqArrayIf(21)(p_number, numeric) AS prediction_values
FROM (
  SELECT ts, score, p_number, p_class, ${windowStart('ts')} AS w, truth.1 AS l_number, truth.2 AS l_class,
    label_ts > toDateTime64(0, 3, 'UTC') AND ({by_window_end:Bool} = false OR label_ts < ${windowEnd('w')}) AS labeled,
    labeled AND isFinite(p_number) AND isFinite(l_number) AS numeric,
    labeled AND (isFinite(p_number) OR p_class != 0) AS decided,
    (numeric AND p_number = l_number) OR (decided AND p_class != 0 AND p_class = l_class) AS hit,
    numeric AND l_number IN (0, 1) AND p_number IN (0, 1) AS is_binary,
    labeled AND isFinite(score) AND l_number IN (0, 1) AS scored
  FROM (
    SELECT p.ts AS ts, p.score AS score, p.p_number AS p_number, p.p_class AS p_class, y.truth AS truth, y.label_ts AS label_ts
    FROM (
      SELECT sipHash128(prediction_id) AS id, ts, score, ${numberOf('prediction')} AS p_number, ${classOf('prediction', 'p_number')} AS p_class
      FROM predictions WHERE ${asked()}) AS p
    ANY LEFT JOIN (
      SELECT sipHash128(x.prediction_id) AS id, max(x.label_ts) AS label_ts,
        argMax((${numberOf('x.label')} AS l_number, ${classOf('x.label', 'l_number')}), x.label_ts) AS truth
      FROM labels AS x
      WHERE x.model IN ({model:String}, '') AND x.label_ts < fromUnixTimestamp64Milli({labels_before:Int64}, 'UTC')
        AND x.prediction_id >= (SELECT min(prediction_id) FROM predictions WHERE ${asked()})
        AND x.prediction_id <= (SELECT max(prediction_id) FROM predictions WHERE ${asked()})
        AND sipHash128(x.prediction_id) IN (SELECT sipHash128(prediction_id) FROM predictions WHERE ${asked()})
      GROUP BY id) AS y ON y.id = p.id))
GROUP BY w ORDER BY w`,
  row: performanceRow(),
});

/**
 * The same for a window of very many predictions. The join and the newest labels go through the disk in parts, which
 * takes about a third longer: 6 million predictions stay below 0.9 GB.
 */
export const performanceSumsOfMany: typeof performanceSums = {
  ...performanceSums,
  name: 'performance_sums_of_many',
  sql: `${performanceSums.sql}
SETTINGS join_algorithm = 'grace_hash', grace_hash_join_initial_buckets = 8, max_bytes_before_external_group_by = 200000000`,
};

/** What one window adds up to; `auc` means something only when both classes are there. */
export type PerformanceSums = z.infer<ReturnType<typeof performanceRow>>;

function performanceRow() {
  const count = z.number();
  const sum = z.number().nullable();
  return z.object({
    window_ms: z.number(),
    first_ms: z.number(),
    last_ms: z.number(),
    predictions: count,
    labels: count,
    decisions: count,
    hits: count,
    tp: count,
    fp: count,
    tn: count,
    fn: count,
    scores: count,
    positives: count,
    auc: sum,
    brier_sum: sum,
    log_loss_sum: sum,
    numbers: count,
    error_sum: sum,
    abs_error_sum: sum,
    squared_error_sum: sum,
    squared_deviation: sum,
    classes: count,
    /** At most 21 distinct values. */
    label_values: z.array(z.number()),
    prediction_values: z.array(z.number()),
  });
}

function asked(): string {
  return `model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND status = 'ok' AND ({version:String} = '' OR version = {version:String})
        AND ({segment_name:String} = '' OR segments[{segment_name:String}] = {segment_value:String})`;
}

// 1, "1" and true are the same class: all three are compared as the number 1.
function numberOf(side: string): string {
  return `multiIf(${side}_class = 'true', 1., ${side}_class = 'false', 0., ${side}_class = '', ${side}_number, ifNull(toFloat64OrNull(${side}_class), nan))`;
}

function classOf(side: string, number: string): string {
  return `if(isFinite(${number}) OR ${side}_class = '', 0, cityHash64(${side}_class))`;
}

function windowStart(time: string): string {
  return `toDateTime(multiIf({window:String} = 'hour', toStartOfHour(${time}), {window:String} = 'day', toStartOfDay(${time}),
    {window:String} = 'week', toDateTime(toMonday(${time}), 'UTC'), {window:String} = 'month', toDateTime(toStartOfMonth(${time}), 'UTC'), toDateTime(0, 'UTC')), 'UTC')`;
}

function windowEnd(start: string): string {
  return `multiIf({window:String} = 'hour', ${start} + INTERVAL 1 HOUR, {window:String} = 'day', ${start} + INTERVAL 1 DAY,
    {window:String} = 'week', ${start} + INTERVAL 1 WEEK, {window:String} = 'month', ${start} + INTERVAL 1 MONTH, toDateTime({to:Int64} / 1000, 'UTC'))`;
}
