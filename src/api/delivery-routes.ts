import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { sendAgain } from '../alerting/send-again.ts';
import { toldFrom } from '../alerting/told.ts';
import type { Clock } from '../core/clock.ts';
import { alertStatesQuery } from '../store/queries/alerting.ts';
import {
  deliveriesQuery,
  latestDeliveriesQuery,
  OUTBOX_STATES,
  type OutboxEntry,
  outboxRow,
} from '../store/queries/outbox.ts';
import type { Store } from '../store/store.ts';
import type { guard } from './auth.ts';
import { problemSchema, sendProblem } from './problem.ts';
import { typed } from './read/read-dependencies.ts';

export interface DeliveryRoutesOptions {
  readonly store: Store;
  /** The machine's clock, as deliveries go by it. */
  readonly clock: Clock;
  readonly guard: ReturnType<typeof guard>;
}

const deliverySchema = z.object({
  id: z.string(),
  target: z.string(),
  dedup_key: z.string(),
  action: z.string().describe('trigger, resolve, change or retrain.'),
  state: z.enum(OUTBOX_STATES).describe('parked: refused for good.'),
  reason: z.string().describe('Why the last attempt failed; empty when none did.'),
  attempts: z.number().int(),
  alert: z.string(),
  model: z.string(),
  summary: z.string(),
  occurred_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  next_attempt_at: z.iso.datetime().nullable(),
});

const retryBody = z
  .strictObject({
    id: z.string().min(1).max(1000).optional().describe('One message.'),
    target: z.string().min(1).max(128).optional().describe('All parked messages of one receiver.'),
  })
  .refine(({ id, target }) => (id === undefined) !== (target === undefined), {
    error: 'must have exactly one of id and target',
  });

const retryAnswer = z.object({
  sent_again: z.array(z.string()).describe('Ids of the messages that are owed once more.'),
  refused: z.array(z.object({ id: z.string(), reason: z.string() })),
});

/** As many messages as one request for all of a receiver takes on. */
const RETRY_LIMIT = 1000;
const FIRING: ReadonlySet<string> = new Set(['firing', 'keep_firing']);
const tags = ['alerts'];

/** Registers GET /v1/deliveries and POST /v1/deliveries/retry: what receivers were not told, why, and once more. */
export async function registerDeliveryRoutes(app: FastifyInstance, options: DeliveryRoutesOptions): Promise<void> {
  const { store, clock, guard } = options;
  typed(app).get(
    '/v1/deliveries',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'Messages to receivers, newest first; without a state those that are owed and those refused for good.',
        tags,
        querystring: z.object({
          state: z.enum(OUTBOX_STATES).optional(),
          target: z.string().max(128).optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
        }),
        response: { 200: z.array(deliverySchema), 400: problemSchema },
      },
    },
    async ({ query }) => {
      const states = query.state === undefined ? (['pending', 'parked'] as const) : [query.state];
      const asked = { id: '', target: query.target ?? '', states, limit: query.limit };
      return (await store.query(deliveriesQuery, asked)).map(toJson);
    },
  );
  typed(app).post(
    '/v1/deliveries/retry',
    {
      onRequest: guard('admin'),
      schema: {
        summary: 'Sends parked messages again, once the receiver was put right: one, or all of a receiver.',
        tags,
        body: retryBody,
        response: { 200: retryAnswer, 400: problemSchema, 404: problemSchema },
      },
    },
    async ({ body }, reply) => {
      const { id = '', target = '' } = body;
      const states = id === '' ? (['parked'] as const) : OUTBOX_STATES;
      const entries = await store.query(deliveriesQuery, { id, target, states, limit: RETRY_LIMIT });
      if (entries.length > 0) return retry(entries, { store, clock });
      const detail = id === '' ? `No message to ${target} is parked.` : `There is no message ${id}.`;
      await sendProblem(reply, 404, { title: 'Not Found', detail });
      return reply;
    },
  );
}

async function retry(
  entries: readonly OutboxEntry[],
  { store, clock }: Pick<DeliveryRoutesOptions, 'store' | 'clock'>,
): Promise<z.infer<typeof retryAnswer>> {
  const [latest, states] = await Promise.all([
    store.query(latestDeliveriesQuery, {}),
    store.query(alertStatesQuery, {}),
  ]);
  const firing = new Set(states.filter(({ state }) => FIRING.has(state)).map(({ episode }) => episode));
  const facts = { told: toldFrom(latest), firing, nowMs: clock.now() };
  const rows: Readonly<Record<string, unknown>>[] = [];
  const answer: z.infer<typeof retryAnswer> = { sent_again: [], refused: [] };
  for (const entry of entries) {
    const decided = sendAgain(entry, facts);
    if (decided.kind === 'refuse') answer.refused.push({ id: entry.deliveryId, reason: decided.reason });
    else {
      answer.sent_again.push(entry.deliveryId);
      rows.push(outboxRow(decided.entry, facts.nowMs));
    }
  }
  await store.insert('outbox', rows);
  return answer;
}

/** What a person wants to know of a message, whatever kind it is. */
const gistSchema = z.object({
  alert: z.string().default(''),
  model: z.string().default(''),
  summary: z.string().optional(),
  title: z.string().optional(),
  reason: z.string().optional(),
});

function toJson(entry: OutboxEntry): z.infer<typeof deliverySchema> {
  const { alert = '', model = '', summary, title, reason } = gistSchema.safeParse(parseJson(entry.body)).data ?? {};
  return {
    id: entry.deliveryId,
    target: entry.target,
    dedup_key: entry.dedupKey,
    action: entry.action,
    state: entry.state,
    reason: entry.detail,
    attempts: entry.attempts,
    alert,
    model,
    summary: summary ?? title ?? reason ?? '',
    occurred_at: new Date(entry.occurredMs).toISOString(),
    created_at: new Date(entry.createdMs).toISOString(),
    next_attempt_at: entry.state === 'pending' ? new Date(entry.nextAttemptMs).toISOString() : null,
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Parked for that very reason; its other columns are shown.
    return undefined;
  }
}
