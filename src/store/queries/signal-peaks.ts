import { z } from 'zod';
import { defineQuery } from '../query.ts';
import { AT_LEVELS, SIGNAL_SCOPE, signalScope } from './signal-scope.ts';

/**
 * Returns the SQL of the largest value of each series and hour (`t`, `most`) with the number of its minutes that have one
 * (`n`), for the hours from `from` (inclusive) to `to` (exclusive). An hour that was written since it was summed up, or not
 * summed up yet, is read by minutes: one row each.
 *
 * @param options.from, options.to  SQL of full hours, DateTime.
 * @param options.where  SQL condition on signal, model, version, feature, segment and gpu.
 */
export function hourPeaksSql(options: { readonly from: string; readonly to: string; readonly where: string }): string {
  const { from, to, where } = options;
  const stale = `SELECT s.hour FROM signal_hours AS s WHERE s.hour >= ${from} AND s.hour < ${to} GROUP BY s.hour HAVING max(s.written) > max(s.rolled)`;
  return `SELECT t, ${SIGNAL_SCOPE}, most, toUInt64(n) AS n FROM signals_per_hour FINAL
WHERE n > 0 AND t >= ${from} AND t < ${to} AND t NOT IN (${stale}) AND ${where}
UNION ALL
SELECT t, ${SIGNAL_SCOPE}, value AS most, toUInt64(1) AS n FROM signals_by_day FINAL
WHERE toDate(t) IN (SELECT DISTINCT toDate(hour) FROM (${stale})) AND toStartOfHour(t) IN (${stale}) AND state = 'ok' AND isFinite(value) AND ${where}`;
}

const signalPeak = signalScope.extend({
  peak: z.number(),
  /** Minutes that have a value. */
  minutes: z.number(),
});

/** The largest value of a series over some hours. */
export type SignalPeak = z.infer<typeof signalPeak>;

/**
 * Returns the largest value of each series at the given levels (`model`, `version`, `feature`, `segment`, `gpu`) over the
 * full hours from `from` (inclusive) to `to` (exclusive), epoch seconds. Minutes not in state ok are left out.
 */
export const signalPeaksQuery = defineQuery<{
  readonly signals: readonly string[];
  readonly levels: readonly string[];
  readonly from: number;
  readonly to: number;
}>()({
  name: 'signal_peaks',
  sql: `SELECT ${SIGNAL_SCOPE}, max(most) AS peak, sum(n) AS minutes FROM (
${hourPeaksSql({
  from: "toDateTime({from:UInt32}, 'UTC')",
  to: "toDateTime({to:UInt32}, 'UTC')",
  where: `signal IN {signals:Array(String)}
  AND ${AT_LEVELS}`,
})})
GROUP BY ${SIGNAL_SCOPE}`,
  row: signalPeak,
});
