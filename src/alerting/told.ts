import {
  type AlertMessage,
  alertMessageSchema,
  type LatestDelivery,
  type OutboxEntry,
} from '../store/queries/outbox.ts';

/** What a target was told last, or is owed last, about one dedup key. */
export interface Told {
  readonly target: string;
  readonly dedupKey: string;
  readonly deliveryId: string;
  readonly parked: boolean;
  readonly occurredMs: number;
  readonly revision: number;
  readonly message: AlertMessage;
}

/** By target and dedup key, see `toldKey`. */
export type ToldMap = ReadonlyMap<string, Told>;

/** Returns the key of what a target was told. */
export function toldKey(target: string, dedupKey: string): string {
  return `${target}\u0000${dedupKey}`;
}

/** Returns what stored deliveries say; bodies that are no message about an alert, or that nobody can read, say nothing. */
export function toldFrom(latest: readonly LatestDelivery[]): ToldMap {
  const told = new Map<string, Told>();
  for (const { target, dedupKey, deliveryId, body, state, occurredMs, revision } of latest) {
    const message = readMessage(body);
    if (message === undefined) continue;
    const entry = { target, dedupKey, deliveryId, parked: state === 'parked', occurredMs, revision, message };
    told.set(toldKey(target, dedupKey), entry);
  }
  return told;
}

/** Returns whether the target believes that something fires. */
export function isOpenPage(told: Told | undefined): told is Told {
  return told !== undefined && told.message.action === 'trigger' && !told.parked;
}

/** Returns the episodes that an open page was told about. */
export function toldEpisodes({ message }: Told): ReadonlySet<string> {
  return new Set(message.alerts.length === 0 ? [message.episode] : message.alerts.map(({ episode }) => episode));
}

/** Returns the entry of the outbox for a message, and what the target has then been told. */
export function owe(input: {
  readonly target: string;
  readonly message: AlertMessage;
  readonly last: Told | undefined;
  readonly nowMs: number;
  /** Sends what was sent before once more, under the same id. */
  readonly again?: number;
}): { readonly entry: OutboxEntry; readonly told: Told } {
  const { target, message, last, nowMs, again } = input;
  const { dedupKey, episode, action } = message;
  const deliveryId = again === undefined ? `${episode}/${target}/${action}/${dedupKey}` : (last?.deliveryId ?? '');
  const revision = again ?? (last?.deliveryId === deliveryId ? last.revision + 1 : 0);
  const occurredMs = Math.max(message.atMs, (last?.occurredMs ?? 0) + 1);
  const entry: OutboxEntry = {
    deliveryId,
    target,
    dedupKey,
    action,
    body: JSON.stringify(message),
    state: 'pending',
    attempts: 0,
    nextAttemptMs: nowMs,
    detail: '',
    occurredMs,
    createdMs: nowMs,
    revision,
  };
  return { entry, told: { target, dedupKey, deliveryId, parked: false, occurredMs, revision, message } };
}

function readMessage(body: string): AlertMessage | undefined {
  try {
    const parsed = alertMessageSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // A body that nobody can read was parked by the worker; there is nothing to resolve.
    return undefined;
  }
}
