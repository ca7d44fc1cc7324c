import {
  type AlertMessage,
  alertMessageSchema,
  type LatestDelivery,
  type OutboxEntry,
} from '../store/queries/outbox.ts';
import { isFiring } from './alert-state.ts';
import { type AlertChange, alertKey, type TrackedAlert } from './evaluate-range.ts';
import type { Rule } from './rule.ts';
import { dedupKeyOf } from './scope.ts';

export interface Link {
  readonly text: string;
  readonly href: string;
}

export interface DeliveryOptions {
  /** Ids of the notifiers that carry out an action of a rule. */
  readonly targetsFor: (action: string) => readonly string[];
  /** Addresses for the person who is told: runbook, pages, dashboard. */
  readonly linksFor: (alert: {
    readonly alert: string;
    readonly model: string;
    readonly runbook: string;
    readonly atMs: number;
  }) => readonly Link[];
  readonly nowMs: number;
}

/**
 * Returns what is owed for changes: a trigger to every target when an alert fires, a resolve when it is over. The ids
 * follow from episode, target and action, so deciding the same minute again owes nothing new.
 */
export function deliveriesFor(changes: readonly AlertChange[], options: DeliveryOptions): readonly OutboxEntry[] {
  return changes.flatMap(({ transition, rule, alert, conditions, atMs }) => {
    if (transition !== 'firing' && transition !== 'resolved') return [];
    const action = transition === 'firing' ? 'trigger' : 'resolve';
    const message = messageOf({ rule, alert, conditions, atMs, action, options });
    return targetsOf(rule, options).map((target) =>
      toEntry({ target, message, occurredMs: atMs, nowMs: options.nowMs }),
    );
  });
}

/**
 * Returns what is owed because what targets were told last is not what is true: an alert fires that they do not know
 * of (or whose trigger they refused), or one is over that they still believe in (its rule was removed, its minutes were
 * decided otherwise).
 *
 * @param latest  The last message of every target and dedup key, owed ones included.
 */
export function missingDeliveries(input: {
  readonly alerts: ReadonlyMap<string, TrackedAlert>;
  readonly rules: readonly Rule[];
  readonly latest: readonly LatestDelivery[];
  readonly atMs: number;
  readonly options: DeliveryOptions;
}): readonly OutboxEntry[] {
  const { alerts, latest, atMs, options } = input;
  const rules = new Map(input.rules.map((rule) => [rule.alert, rule]));
  const told = new Map(latest.map((delivery) => [`${delivery.target}\u0000${delivery.dedupKey}`, delivery]));
  const firing = [...alerts.values()].filter((alert) => isFiring(alert.state));
  const triggers = firing.flatMap((alert) => {
    const rule = rules.get(alert.alert);
    if (rule === undefined) return [];
    const at = alert.state.firingSinceMs;
    const message = messageOf({ rule, alert, conditions: [], atMs: at, action: 'trigger', options });
    return targetsOf(rule, options).flatMap((target) => {
      const last = told.get(`${target}\u0000${message.dedupKey}`);
      if (last?.action === 'trigger' && last.state !== 'parked') return [];
      const entry = toEntry({
        target,
        message,
        occurredMs: Math.max(at, (last?.occurredMs ?? 0) + 1),
        nowMs: options.nowMs,
      });
      return [last?.deliveryId === entry.deliveryId ? { ...entry, revision: last.revision + 1 } : entry];
    });
  });
  return [...triggers, ...resolvesFor({ latest, alerts, rules, atMs, nowMs: options.nowMs })];
}

function resolvesFor(input: {
  readonly latest: readonly LatestDelivery[];
  readonly alerts: ReadonlyMap<string, TrackedAlert>;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly atMs: number;
  readonly nowMs: number;
}): readonly OutboxEntry[] {
  return input.latest.flatMap(({ target, action, body, state, occurredMs }) => {
    const message = action === 'trigger' && state !== 'parked' ? readMessage(body) : undefined;
    if (message === undefined) return [];
    const alert = input.alerts.get(alertKey(message.alert, message.scopeKey));
    if (alert !== undefined && isFiring(alert.state) && input.rules.has(message.alert)) return [];
    const resolve: AlertMessage = { ...message, action: 'resolve', atMs: input.atMs };
    return [
      toEntry({ target, message: resolve, occurredMs: Math.max(input.atMs, occurredMs + 1), nowMs: input.nowMs }),
    ];
  });
}

function targetsOf(rule: Rule, options: DeliveryOptions): readonly string[] {
  return [...new Set(rule.actions.flatMap((action) => options.targetsFor(action)))];
}

function messageOf(input: {
  readonly rule: Rule;
  readonly alert: TrackedAlert;
  readonly conditions: readonly string[];
  readonly atMs: number;
  readonly action: AlertMessage['action'];
  readonly options: DeliveryOptions;
}): AlertMessage {
  const { rule, alert, conditions, atMs, action, options } = input;
  return {
    action,
    alert: rule.alert,
    severity: rule.severity,
    scope: rule.scope,
    scopeKey: alert.scopeKey,
    ...alert.instance,
    episode: alert.state.episode,
    dedupKey: dedupKeyOf(rule.alert, alert.scopeKey),
    atMs,
    summary: alert.summary,
    description: rule.description ?? '',
    conditions: [...conditions],
    values: { ...alert.values },
    labels: { ...rule.labels },
    owner: rule.owner ?? '',
    runbook: rule.runbook,
    links: [...options.linksFor({ alert: rule.alert, model: alert.instance.model, runbook: rule.runbook, atMs })],
  };
}

function toEntry(input: {
  readonly target: string;
  readonly message: AlertMessage;
  readonly occurredMs: number;
  readonly nowMs: number;
}): OutboxEntry {
  const { target, message, occurredMs, nowMs } = input;
  return {
    deliveryId: `${message.episode}/${target}/${message.action}`,
    target,
    dedupKey: message.dedupKey,
    action: message.action,
    body: JSON.stringify(message),
    state: 'pending',
    attempts: 0,
    nextAttemptMs: nowMs,
    detail: '',
    occurredMs,
    createdMs: nowMs,
    revision: 0,
  };
}

function readMessage(body: string): AlertMessage | undefined {
  try {
    return alertMessageSchema.parse(JSON.parse(body));
  } catch {
    // A body that nobody can read was parked by the worker; there is nothing to resolve.
    return undefined;
  }
}
