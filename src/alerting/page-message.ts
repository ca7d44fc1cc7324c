import type { AlertMessage, MessageAlert } from '../store/queries/outbox.ts';
import type { TrackedAlert } from './evaluate-range.ts';
import type { Rule, Severity } from './rule.ts';

export interface Link {
  readonly text: string;
  readonly href: string;
}

/** Addresses for the person who is told: incident, dashboard, runbook. */
export type LinksFor = (alert: {
  readonly alert: string;
  readonly model: string;
  readonly runbook: string;
  readonly episode: string;
  readonly atMs: number;
}) => readonly Link[];

/** A firing alert with its rule. */
export interface Member {
  readonly rule: Rule;
  readonly alert: TrackedAlert;
}

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** Returns the message that opens a page for some alerts, or adds to it; the worst and oldest one speaks for all. */
export function triggerOf(input: {
  readonly members: readonly Member[];
  readonly dedupKey: string;
  readonly episode: string;
  readonly atMs: number;
  readonly conditions: ReadonlyMap<string, readonly string[]>;
  readonly recentMs: readonly number[];
  readonly linksFor: LinksFor;
}): AlertMessage | undefined {
  const { members, dedupKey, episode, atMs, conditions, recentMs, linksFor } = input;
  const [lead, ...others] = members.toSorted(
    (left, right) =>
      RANK[left.rule.severity] - RANK[right.rule.severity] ||
      left.alert.state.firingSinceMs - right.alert.state.firingSinceMs,
  );
  if (lead === undefined) return undefined;
  const { rule, alert } = lead;
  const names = others.map((other) => other.rule.alert);
  return {
    action: 'trigger',
    alert: rule.alert,
    severity: rule.severity,
    scope: rule.scope,
    scopeKey: alert.scopeKey,
    ...alert.instance,
    episode,
    dedupKey,
    atMs,
    summary: names.length === 0 ? alert.summary : `${alert.summary} (and ${[...new Set(names)].join(', ')})`,
    description: rule.description ?? '',
    conditions: [...(conditions.get(alert.state.episode) ?? [])],
    values: { ...alert.values },
    labels: { ...rule.labels },
    owner: rule.owner ?? '',
    runbook: rule.runbook,
    links: [
      ...linksFor({
        alert: rule.alert,
        model: alert.instance.model,
        runbook: rule.runbook,
        episode: alert.state.episode,
        atMs,
      }),
    ],
    alerts: members.map(toMessageAlert),
    recentMs: [...recentMs],
  };
}

function toMessageAlert({ rule, alert }: Member): MessageAlert {
  return {
    alert: rule.alert,
    severity: rule.severity,
    scopeKey: alert.scopeKey,
    episode: alert.state.episode,
    firingSinceMs: alert.state.firingSinceMs,
    summary: alert.summary,
  };
}
