import { z } from 'zod';
import { defineQuery, NOT_COMPILED } from '../query.ts';

/** Longest answer of `signalPoints`, in rows. */
export const MAX_SIGNAL_POINTS = 100_000;

const signalPoint = z.object({
  t_ms: z.number(),
  version: z.string(),
  feature: z.string(),
  segment: z.string(),
  gpu: z.string(),
  value: z.number().nullable(),
  state: z.string(),
});

/** One minute of one series; value is null unless the state is ok. */
export type SignalPoint = z.infer<typeof signalPoint>;

/** The minutes of a signal in [from, to) (epoch ms). Each level is a name, '' for rows above that level, or '*' for all. */
export const signalPoints = defineQuery<{
  readonly model: string;
  readonly signal: string;
  readonly version: string;
  readonly feature: string;
  readonly segment: string;
  readonly gpu: string;
  readonly from: number;
  readonly to: number;
}>()({
  name: 'signal_points',
  sql: `SELECT toUnixTimestamp(t) * 1000 AS t_ms, version, feature, segment, gpu, if(s.state = 'ok', s.value, nan) AS value, state
FROM signals AS s FINAL
WHERE model = {model:String} AND signal = {signal:String} AND t >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  AND {version:String} IN ('*', version) AND {feature:String} IN ('*', feature) AND {segment:String} IN ('*', segment) AND {gpu:String} IN ('*', gpu)
ORDER BY t, version, feature, segment, gpu LIMIT ${MAX_SIGNAL_POINTS + 1}`,
  row: signalPoint,
});

/** The model-level minutes of several signals in [from, to) (epoch ms) that have a value. */
export const modelSignals = defineQuery<{
  readonly model: string;
  readonly signals: readonly string[];
  readonly from: number;
  readonly to: number;
}>()({
  name: 'model_signals',
  settings: NOT_COMPILED,
  sql: `SELECT signal, groupArray((toUnixTimestamp(t) * 1000, value)) AS points FROM (
  SELECT signal, t, argMax(if(s.state = 'ok', s.value, nan), s.evaluated_at) AS value FROM signals AS s
  WHERE model = {model:String} AND (signal IN {signals:Array(String)} OR startsWith(signal, 'business_'))
    AND version = '' AND feature = '' AND segment = '' AND gpu = ''
    AND t >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  GROUP BY signal, t HAVING isFinite(value) ORDER BY signal, t)
GROUP BY signal ORDER BY signal`,
  row: z.object({ signal: z.string(), points: z.array(z.tuple([z.number(), z.number()])) }),
});

/** The newest quality numbers of every model (''), or of one, that were measured at the model level. */
export const latestQuality = defineQuery<{ readonly model: string }>()({
  name: 'latest_quality',
  settings: NOT_COMPILED,
  sql: `SELECT model, signal, argMaxMerge(newest) AS value, toUnixTimestamp(max(s.t)) * 1000 AS t_ms
FROM newest_signals AS s
WHERE signal IN ('accuracy', 'mae', 'label_coverage_ratio') AND ({model:String} = '' OR model = {model:String})
GROUP BY model, signal ORDER BY model, signal`,
  row: z.object({ model: z.string(), signal: z.string(), value: z.number(), t_ms: z.number() }),
});
