import { z } from 'zod';
import { defineQuery, NOT_COMPILED } from '../query.ts';

const alertStateRow = z.object({
  alert: z.string(),
  scopeKey: z.string(),
  model: z.string(),
  labels: z.record(z.string(), z.string()),
  state: z.enum(['inactive', 'pending', 'firing', 'keep_firing', 'resolved']),
  severity: z.enum(['critical', 'warning', 'info']),
  episode: z.string(),
  pendingSinceMs: z.number(),
  firingSinceMs: z.number(),
  lastTrueMs: z.number(),
  resolvedAtMs: z.number(),
  evaluatedMinuteMs: z.number(),
  values: z.record(z.string(), z.number()),
  summary: z.string(),
  revision: z.number(),
});

/** The present of one alert and scope. Times in epoch ms, 0 for never. */
export type AlertStateRow = z.infer<typeof alertStateRow>;

const STATE_COLUMNS = `alert, scope_key AS scopeKey, model, labels, state, severity, episode,
      toUnixTimestamp64Milli(pending_since) AS pendingSinceMs, toUnixTimestamp64Milli(firing_since) AS firingSinceMs,
      toUnixTimestamp64Milli(last_true) AS lastTrueMs, toUnixTimestamp64Milli(resolved_at) AS resolvedAtMs,
      toUnixTimestamp(evaluated_minute) * 1000 AS evaluatedMinuteMs, values, summary, revision`;

/** Returns the newest state of every alert and scope, also of those that are over. */
export const alertStatesQuery = defineQuery<Record<string, never>>()({
  name: 'alert_states',
  sql: `
    SELECT ${STATE_COLUMNS}
    FROM alert_states FINAL
    ORDER BY alert, scopeKey`,
  row: alertStateRow,
});

/** Returns how many alerts fire and wait of each model (''), or of one. */
export const alertCounts = defineQuery<{ readonly model: string }>()({
  name: 'alert_counts',
  settings: NOT_COMPILED,
  sql: `SELECT model, countIf(s.state IN ('firing', 'keep_firing')) AS firing, countIf(s.state = 'pending') AS pending
FROM alert_states AS s FINAL WHERE {model:String} = '' OR model = {model:String}
GROUP BY model ORDER BY model`,
  row: z.object({ model: z.string(), firing: z.number(), pending: z.number() }),
});

/** Returns the clauses of compound rules that are pending or firing as if they were alerts of their own. */
export const clauseStatesQuery = defineQuery<Record<string, never>>()({
  name: 'clause_states',
  sql: `SELECT ${STATE_COLUMNS} FROM clause_states FINAL WHERE state IN ('pending', 'firing', 'keep_firing')`,
  row: alertStateRow,
});

/** Returns the row of the tables `alert_states` and `clause_states` for a state. */
export function alertStateInsert(row: AlertStateRow, writtenMs: number): Readonly<Record<string, unknown>> {
  return {
    alert: row.alert,
    scope_key: row.scopeKey,
    model: row.model,
    labels: row.labels,
    state: row.state,
    severity: row.severity,
    episode: row.episode,
    pending_since: iso(row.pendingSinceMs),
    firing_since: iso(row.firingSinceMs),
    last_true: iso(row.lastTrueMs),
    resolved_at: iso(row.resolvedAtMs),
    evaluated_minute: Math.floor(row.evaluatedMinuteMs / 1000),
    values: row.values,
    summary: row.summary,
    revision: row.revision,
    written_at: iso(writtenMs),
  };
}

const alertHistoryRow = z.object({
  atMs: z.number(),
  alert: z.string(),
  scopeKey: z.string(),
  model: z.string(),
  transition: z.enum(['pending', 'cancelled', 'firing', 'keep_firing', 'firing_again', 'resolved']),
  severity: z.enum(['critical', 'warning', 'info']),
  episode: z.string(),
  values: z.record(z.string(), z.number()),
  summary: z.string(),
});

/** One change of one alert, in the minute (epoch ms) in which it happened. */
export type AlertHistoryRow = z.infer<typeof alertHistoryRow>;

/** Returns what happened to alerts from `from` (inclusive) to `to` (exclusive), epoch seconds; '' is every model. */
export const alertHistoryQuery = defineQuery<{ readonly model: string; readonly from: number; readonly to: number }>()({
  name: 'alert_history',
  sql: `
    SELECT toUnixTimestamp64Milli(at) AS atMs, alert, scope_key AS scopeKey, model, transition, severity, episode, values, summary
    FROM alert_history FINAL
    WHERE at >= toDateTime64({from:UInt32}, 3, 'UTC') AND at < toDateTime64({to:UInt32}, 3, 'UTC')
      AND ({model:String} = '' OR model = {model:String})
    ORDER BY at, alert, scopeKey, indexOf(['keep_firing', 'firing_again', 'resolved', 'cancelled', 'pending', 'firing'], transition)`,
  row: alertHistoryRow,
});

/** Returns the row of table `alert_history` for a change. */
export function alertHistoryInsert(row: AlertHistoryRow, writtenMs: number): Readonly<Record<string, unknown>> {
  return {
    at: iso(row.atMs),
    alert: row.alert,
    scope_key: row.scopeKey,
    model: row.model,
    transition: row.transition,
    severity: row.severity,
    episode: row.episode,
    values: row.values,
    summary: row.summary,
    written_at: iso(writtenMs),
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
