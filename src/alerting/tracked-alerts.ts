import type { AlertHistoryRow, AlertStateRow } from '../store/queries/alerting.ts';
import { isOpen } from './alert-state.ts';
import { type AlertChange, alertKey, type TrackedAlert } from './evaluate-range.ts';
import type { ScopeInstance } from './scope.ts';

/** Returns the alerts that stored rows describe, by `alertKey`. */
export function trackedFromRows(rows: readonly AlertStateRow[]): ReadonlyMap<string, TrackedAlert> {
  return new Map(rows.map((row) => [alertKey(row.alert, row.scopeKey), fromRow(row)]));
}

/** Returns the rows of the alerts that are not as they were before, in the form in which they are stored. */
export function changedRows(
  before: ReadonlyMap<string, TrackedAlert>,
  after: ReadonlyMap<string, TrackedAlert>,
): readonly AlertStateRow[] {
  return [...after].filter(([key, alert]) => before.get(key) !== alert).map(([, alert]) => toRow(alert));
}

/** Returns the row of the history for a change; an alert that resolved because its data is gone says so. */
export function historyRow({ atMs, transition, alert, verdict }: AlertChange): AlertHistoryRow {
  return historyOf(alert, {
    atMs,
    transition,
    note: transition === 'resolved' && verdict === 'no_data' ? ' (no data)' : '',
  });
}

/** Ends the open alerts for which `isGone` holds, and says so in the history. */
export function endAlerts(
  alerts: ReadonlyMap<string, TrackedAlert>,
  options: { readonly isGone: (alert: TrackedAlert) => boolean; readonly atMs: number },
): { readonly alerts: ReadonlyMap<string, TrackedAlert>; readonly history: readonly AlertHistoryRow[] } {
  const { isGone, atMs } = options;
  const ended = new Map(alerts);
  const history: AlertHistoryRow[] = [];
  for (const [key, alert] of alerts) {
    if (!isOpen(alert.state) || !isGone(alert)) continue;
    const transition = alert.state.phase === 'pending' ? 'cancelled' : 'resolved';
    const phase = transition === 'cancelled' ? 'inactive' : 'resolved';
    const state = { ...alert.state, phase, resolvedAtMs: atMs, evaluatedMinuteMs: atMs } as const;
    ended.set(key, { ...alert, state, revision: alert.revision + 1 });
    history.push(historyOf(alert, { atMs, transition, note: ' (rule removed)' }));
  }
  return { alerts: ended, history };
}

function historyOf(
  alert: TrackedAlert,
  change: { readonly atMs: number; readonly transition: AlertHistoryRow['transition']; readonly note: string },
): AlertHistoryRow {
  return {
    atMs: change.atMs,
    alert: alert.alert,
    scopeKey: alert.scopeKey,
    model: alert.instance.model,
    transition: change.transition,
    severity: alert.severity,
    episode: alert.state.episode,
    values: { ...alert.values },
    summary: `${alert.summary}${change.note}`,
  };
}

function fromRow(row: AlertStateRow): TrackedAlert {
  const { version = '', segment = '', gpu = '', ...labels } = row.labels;
  const instance: ScopeInstance = { model: row.model, version, segment, gpu };
  return {
    alert: row.alert,
    scopeKey: row.scopeKey,
    instance,
    severity: row.severity,
    labels,
    state: {
      phase: row.state,
      episode: row.episode,
      pendingSinceMs: row.pendingSinceMs,
      firingSinceMs: row.firingSinceMs,
      lastTrueMs: row.lastTrueMs,
      resolvedAtMs: row.resolvedAtMs,
      evaluatedMinuteMs: row.evaluatedMinuteMs,
    },
    values: row.values,
    summary: row.summary,
    revision: row.revision,
  };
}

function toRow(alert: TrackedAlert): AlertStateRow {
  const { phase, ...times } = alert.state;
  const { model, ...place } = alert.instance;
  const scope = Object.entries(place).filter(([, value]) => value !== '');
  return {
    alert: alert.alert,
    scopeKey: alert.scopeKey,
    model,
    labels: { ...alert.labels, ...Object.fromEntries(scope) },
    state: phase,
    severity: alert.severity,
    ...times,
    values: { ...alert.values },
    summary: alert.summary,
    revision: alert.revision,
  };
}
