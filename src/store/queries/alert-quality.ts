import { z } from 'zod';
import { defineQuery } from '../query.ts';

const ruleQuality = z.object({
  alert: z.string(),
  severity: z.string(),
  fired: z.number(),
  resolved: z.number(),
  /** Seconds from firing to resolved; null when none is over. */
  medianSeconds: z.number().nullable(),
  p95Seconds: z.number().nullable(),
  /** Episodes whose page somebody acknowledged, and seconds from firing until the first time. */
  acknowledged: z.number(),
  medianAcknowledgeSeconds: z.number().nullable(),
  weeks: z.array(z.tuple([z.number(), z.number()])),
});

/** How often a rule fired in a range, and how long it took until somebody acknowledged it and until it resolved. */
export type RuleQuality = z.infer<typeof ruleQuality>;

/** Returns each rule that fired in [from, to), epoch ms, with its episodes by week ([Monday in epoch ms, count]). */
export const ruleQualityQuery = defineQuery<{ readonly from: number; readonly to: number }>()({
  name: 'rule_quality',
  sql: `SELECT alert, any(severity) AS severity, count() AS fired, countIf(resolved_ms > 0) AS resolved,
  if(countIf(resolved_ms > 0) = 0, nan, quantileExactIf(0.5)((resolved_ms - fired_ms) / 1000, resolved_ms > 0)) AS medianSeconds,
  if(countIf(resolved_ms > 0) = 0, nan, quantileExactIf(0.95)((resolved_ms - fired_ms) / 1000, resolved_ms > 0)) AS p95Seconds,
  countIf(acknowledged_ms > 0) AS acknowledged,
  if(acknowledged = 0, nan, quantileExactIf(0.5)((acknowledged_ms - fired_ms) / 1000, acknowledged_ms > 0)) AS medianAcknowledgeSeconds,
  arraySort(arrayZip(mapKeys(sumMap(map(week_ms, toUInt64(1))) AS by_week), mapValues(by_week))) AS weeks
FROM (
  SELECT h.episode AS episode, any(h.alert) AS alert, argMax(h.severity, h.at) AS severity, toUnixTimestamp64Milli(minIf(h.at, h.transition = 'firing')) AS fired_ms,
    if(countIf(h.transition = 'resolved') = 0, 0, toUnixTimestamp64Milli(maxIf(h.at, h.transition = 'resolved'))) AS resolved_ms,
    toUnixTimestamp(toDateTime(toMonday(minIf(h.at, h.transition = 'firing')), 'UTC')) * 1000 AS week_ms
  FROM alert_history AS h FINAL GROUP BY h.episode
  HAVING countIf(h.transition = 'firing') > 0 AND fired_ms >= {from:Int64} AND fired_ms < {to:Int64}) AS episodes
LEFT JOIN (SELECT episode, toUnixTimestamp64Milli(min(at)) AS acknowledged_ms FROM page_acknowledgements GROUP BY episode) AS taken USING (episode)
GROUP BY alert ORDER BY fired DESC, alert`,
  row: ruleQuality,
});

const avoidedAlarm = z.object({
  alert: z.string(),
  scopeKey: z.string(),
  model: z.string(),
  clause: z.string(),
  /** Minute in which the clause alone would have alarmed, epoch ms. */
  sinceMs: z.number(),
  minutes: z.number(),
});

/** An alarm that one clause of a compound rule would have given, had it been a rule of its own. */
export type AvoidedAlarm = z.infer<typeof avoidedAlarm>;

/** Returns the row of table `avoided_alarms`. */
export function avoidedAlarmInsert(row: AvoidedAlarm, nowMs: number): Readonly<Record<string, unknown>> {
  return {
    alert: row.alert,
    scope_key: row.scopeKey,
    model: row.model,
    clause: row.clause,
    since: Math.floor(row.sinceMs / 1000),
    minutes: row.minutes,
    updated: new Date(nowMs).toISOString(),
  };
}

/** Returns by rule and clause how many alarms the compound avoided in [from, to), epoch seconds, and their minutes. */
export const avoidedAlarms = defineQuery<{ readonly from: number; readonly to: number }>()({
  name: 'avoided_alarms',
  sql: `SELECT alert, clause, count() AS alarms, toUInt64(sum(a.minutes)) AS minutes FROM avoided_alarms AS a FINAL
WHERE since >= toDateTime({from:UInt32}, 'UTC') AND since < toDateTime({to:UInt32}, 'UTC')
GROUP BY alert, clause ORDER BY alarms DESC, alert, clause`,
  row: z.object({ alert: z.string(), clause: z.string(), alarms: z.number(), minutes: z.number() }),
});
