import { z } from 'zod';
import { defineQuery } from '../query.ts';
import { AT_LEVELS, SIGNAL_SCOPE, signalScope } from './signal-scope.ts';

const signalSeries = signalScope.extend({
  /** [minute in epoch ms, value], in order of time. */
  points: z.array(z.tuple([z.number(), z.number()])),
});

/** The minutes of one signal for one model, version, feature, segment or GPU that have a value. */
export type SignalSeries = z.infer<typeof signalSeries>;

/**
 * Returns the values of signals from `from` (inclusive) to `to` (exclusive), epoch seconds, at the given levels
 * (`model`, `version`, `feature`, `segment`, `gpu`). The newest evaluation of a minute counts; minutes not in state ok are left out.
 */
export const signalSeriesQuery = defineQuery<{
  readonly signals: readonly string[];
  readonly levels: readonly string[];
  readonly from: number;
  readonly to: number;
}>()({
  name: 'signal_series',
  sql: `
    SELECT ${SIGNAL_SCOPE},
      arraySort(groupArray((toUnixTimestamp(t) * 1000, value))) AS points
    FROM signals_by_day FINAL
    WHERE signal IN {signals:Array(String)} AND t >= toDateTime({from:UInt32}, 'UTC') AND t < toDateTime({to:UInt32}, 'UTC')
      AND state = 'ok' AND isFinite(value)
      AND ${AT_LEVELS}
    GROUP BY ${SIGNAL_SCOPE}`,
  row: signalSeries,
});
