import { z } from 'zod';
import { defineQuery } from '../query.ts';

const messageAlert = z.object({
  alert: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  scopeKey: z.string(),
  episode: z.string(),
  firingSinceMs: z.number(),
  summary: z.string(),
});

/** What a receiver is told about an alert, the same for every kind of receiver. It holds no secret. */
export const alertMessageSchema = z.object({
  action: z.enum(['trigger', 'resolve']),
  alert: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  scope: z.string(),
  scopeKey: z.string(),
  model: z.string(),
  version: z.string(),
  segment: z.string(),
  gpu: z.string(),
  episode: z.string(),
  dedupKey: z.string(),
  /** Minute in which the alert fired or resolved, epoch ms. */
  atMs: z.number(),
  summary: z.string(),
  description: z.string(),
  /** Each compare with its numbers in the minute of firing. */
  conditions: z.array(z.string()),
  values: z.record(z.string(), z.number()),
  labels: z.record(z.string(), z.string()),
  owner: z.string(),
  runbook: z.string(),
  links: z.array(z.object({ text: z.string(), href: z.string() })),
  /** Every alert that the message is about, when several are told as one. */
  alerts: z.array(messageAlert).default([]),
  /** When this dedup key was triggered lately, epoch ms; shows flapping. */
  recentMs: z.array(z.number()).default([]),
});

export type MessageAlert = z.infer<typeof messageAlert>;
export type AlertMessage = z.infer<typeof alertMessageSchema>;

/** A deploy or another change, for receivers that show changes beside alerts. */
export const changeMessageSchema = z.object({
  action: z.literal('change'),
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  model: z.string(),
  version: z.string(),
  url: z.string(),
  /** Epoch ms. */
  atMs: z.number(),
});

export type ChangeMessage = z.infer<typeof changeMessageSchema>;

/** What a training system is asked to do, with the evidence. It holds no secret. */
export const retrainMessageSchema = z.object({
  action: z.literal('retrain'),
  /** Id of the request; receivers that see it twice must do the work once. */
  id: z.string(),
  model: z.string(),
  /** The version that serves. */
  version: z.string(),
  reason: z.string(),
  /** Epoch ms. */
  requestedMs: z.number(),
  evidence: z.record(z.string(), z.unknown()),
});

export type RetrainMessage = z.infer<typeof retrainMessageSchema>;

/** `parked`: refused for good. */
export const OUTBOX_STATES = ['pending', 'delivered', 'parked'] as const;

const outboxEntry = z.object({
  deliveryId: z.string(),
  target: z.string(),
  dedupKey: z.string(),
  action: z.string(),
  body: z.string(),
  state: z.enum(OUTBOX_STATES),
  attempts: z.number(),
  nextAttemptMs: z.number(),
  detail: z.string(),
  occurredMs: z.number(),
  createdMs: z.number(),
  revision: z.number(),
});

/** One message owed to one target, or what became of it. Times in epoch ms; the highest revision counts. */
export type OutboxEntry = z.infer<typeof outboxEntry>;

const COLUMNS = `delivery_id AS deliveryId, target, dedup_key AS dedupKey, action, body, state, attempts,
      toUnixTimestamp64Milli(next_attempt) AS nextAttemptMs, detail, toUnixTimestamp64Milli(occurred) AS occurredMs,
      toUnixTimestamp64Milli(created) AS createdMs, revision`;

/** Returns the messages still owed, those of one target and dedup key in the order in which they happened. */
export const pendingDeliveriesQuery = defineQuery<{ readonly limit: number }>()({
  name: 'pending_deliveries',
  sql: `
    SELECT ${COLUMNS}
    FROM outbox FINAL
    WHERE state = 'pending'
    ORDER BY occurred, created, delivery_id
    LIMIT {limit:UInt32}`,
  row: outboxEntry,
});

/**
 * Returns the newest messages in some states, newest first; an empty id or target is any. Messages of one state are few:
 * what is parked or owed.
 */
export const deliveriesQuery = defineQuery<{
  readonly id: string;
  readonly target: string;
  readonly states: readonly OutboxEntry['state'][];
  readonly limit: number;
}>()({
  name: 'deliveries',
  sql: `
    SELECT ${COLUMNS}
    FROM outbox FINAL
    WHERE ({id:String} = '' OR delivery_id = {id:String}) AND ({target:String} = '' OR target = {target:String})
      AND has({states:Array(String)}, state)
    ORDER BY created DESC, delivery_id
    LIMIT {limit:UInt32}`,
  row: outboxEntry,
});

const latestDelivery = z.object({
  deliveryId: z.string(),
  target: z.string(),
  dedupKey: z.string(),
  action: z.string(),
  body: z.string(),
  state: z.enum(OUTBOX_STATES),
  occurredMs: z.number(),
  revision: z.number(),
});

/** The message that a target was told last, or is owed last, about one dedup key. */
export type LatestDelivery = z.infer<typeof latestDelivery>;

/** Returns the last message of every target and dedup key. */
export const latestDeliveriesQuery = defineQuery<Record<string, never>>()({
  name: 'latest_deliveries',
  sql: `
    SELECT latest.1 AS deliveryId, target, dedup_key AS dedupKey, latest.2 AS action, latest.3 AS body,
      latest.4 AS state, toUnixTimestamp64Milli(latest.5) AS occurredMs, latest.6 AS revision
    FROM (
      SELECT target, dedup_key, argMax((delivery_id, action, body, state, occurred, revision), (occurred, created)) AS latest
      FROM outbox FINAL
      WHERE action IN ('trigger', 'resolve')
      GROUP BY target, dedup_key)`,
  row: latestDelivery,
});

/** Returns the row of table `outbox` for an entry. */
export function outboxRow(entry: OutboxEntry, updatedMs: number): Readonly<Record<string, unknown>> {
  return {
    delivery_id: entry.deliveryId,
    target: entry.target,
    dedup_key: entry.dedupKey,
    action: entry.action,
    body: entry.body,
    state: entry.state,
    attempts: entry.attempts,
    next_attempt: new Date(entry.nextAttemptMs).toISOString(),
    detail: entry.detail,
    occurred: new Date(entry.occurredMs).toISOString(),
    created: new Date(entry.createdMs).toISOString(),
    updated: new Date(updatedMs).toISOString(),
    revision: entry.revision,
  };
}
