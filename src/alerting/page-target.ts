import { createHash } from 'node:crypto';
import type { TrackedAlert } from './evaluate-range.ts';
import type { RoutingConfig } from './routing-config.ts';
import { dedupKeyOf, isFleet } from './scope.ts';

export type GroupField = RoutingConfig['group']['by'][number];

/** One receiver of messages about alerts. */
export interface PageTarget {
  /** Name of the notifier in the outbox. */
  readonly id: string;
  /** The actions of rules that it carries out. */
  readonly actions: readonly string[];
  /** Alerts that are the same in these are one message. */
  readonly groupBy: readonly GroupField[];
  /** How often a message about what still fires is sent again; undefined: never. */
  readonly refreshMs: number | undefined;
}

/** A reason for which an alert is told to nobody, or undefined. */
export type Mute = (alert: TrackedAlert, atMs: number) => string | undefined;

const DEDUP_KEY_LIMIT = 255;

/**
 * Returns the key of the group of an alert, at most 255 characters: `plumbline/<model>/<severity>` by default,
 * `plumbline/<alert>/<scope>` for groups of one alert and scope.
 */
export function groupKeyOf(alert: TrackedAlert, owner: string, by: readonly GroupField[]): string {
  if (by.includes('alert') && by.includes('scope')) return dedupKeyOf(alert.alert, alert.scopeKey);
  const subject = isFleet(alert.instance) ? 'fleet' : alert.instance.model || alert.scopeKey;
  const values: Readonly<Record<GroupField, string>> = {
    model: subject,
    severity: alert.severity,
    alert: alert.alert,
    scope: alert.scopeKey,
    owner,
  };
  const key = ['plumbline', ...by.map((field) => values[field])].join('/');
  if (key.length <= DEDUP_KEY_LIMIT) return key;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return `${Buffer.from(key)
    .subarray(0, DEDUP_KEY_LIMIT - 33)
    .toString()}~${digest}`;
}
