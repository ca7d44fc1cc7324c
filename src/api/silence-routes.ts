import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { configuredSilences } from '../alerting/mutes.ts';
import type { RoutingConfig } from '../alerting/routing-config.ts';
import { matcherSchema, type Silence, silenceFromRow } from '../alerting/silences.ts';
import type { Clock } from '../core/clock.ts';
import { UsageError } from '../core/errors.ts';
import { silenceInsert, type SilenceRow, silencesQuery } from '../store/queries/silences.ts';
import type { Store } from '../store/store.ts';
import type { guard } from './auth.ts';
import { problemSchema, sendProblem } from './problem.ts';
import { typed } from './read/read-dependencies.ts';

export interface SilenceRoutesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly guard: ReturnType<typeof guard>;
  readonly routing: Pick<RoutingConfig, 'silences'>;
}

const time = z.iso.datetime({ offset: true });
const text = z.string().min(1).max(2000);

const bodySchema = z
  .strictObject({
    matchers: z.array(matcherSchema).min(1).max(50).optional(),
    matcher: z
      .record(z.string().min(1).max(128), z.string().max(256))
      .optional()
      .describe('Short for matchers that must be equal: {"model":"late-flights"}.'),
    comment: text.optional().describe('Why. `reason` is the same.'),
    reason: text.optional(),
    created_by: text.optional().describe('Who. `createdBy` is the same.'),
    createdBy: text.optional(),
    starts_at: time.optional().describe('Default: now. `startsAt` is the same.'),
    startsAt: time.optional(),
    ends_at: time.optional().describe('When it is over. `endsAt` and `end` are the same.'),
    endsAt: time.optional(),
    end: time.optional(),
  })
  .describe('A silence in the form of Alertmanager.');

const silenceSchema = z.object({
  id: z.string(),
  matchers: z.array(z.object({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean() })),
  comment: z.string(),
  created_by: z.string(),
  starts_at: z.iso.datetime(),
  ends_at: z.iso.datetime(),
  status: z.enum(['pending', 'active', 'expired']),
});

/** Registers POST, GET and DELETE /v1/silences. */
export async function registerSilenceRoutes(app: FastifyInstance, options: SilenceRoutesOptions): Promise<void> {
  const { store, clock, guard, routing } = options;
  const tags = ['alerts'];
  typed(app).post(
    '/v1/silences',
    {
      onRequest: guard('admin'),
      schema: {
        summary: 'Makes a silence: alerts that match are told to nobody until it ends.',
        tags,
        body: bodySchema,
        response: { 201: silenceSchema, 400: problemSchema },
      },
    },
    async ({ body }, reply) => {
      const row = toRow(body, clock.now());
      await store.insert('silences', [silenceInsert(row, false)]);
      const silence = silenceFromRow(row);
      if (silence === undefined) throw new UsageError('matchers cannot be kept.');
      return reply.code(201).send(toJson(silence, clock.now()));
    },
  );
  typed(app).get(
    '/v1/silences',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'Silences that hold or will hold, those of the configuration included.',
        tags,
        response: { 200: z.array(silenceSchema) },
      },
    },
    async () => {
      const rows = await store.query(silencesQuery, { after: clock.now() });
      const kept = configuredSilences(routing).filter(({ endsMs }) => endsMs > clock.now());
      return [...rows.flatMap((row) => silenceFromRow(row) ?? []), ...kept].map((one) => toJson(one, clock.now()));
    },
  );
  typed(app).delete(
    '/v1/silences/:id',
    {
      onRequest: guard('admin'),
      schema: {
        summary: 'Ends a silence now.',
        tags,
        params: z.object({ id: z.string().min(1).max(128) }),
        response: { 204: z.null(), 404: problemSchema, 409: problemSchema },
      },
    },
    async ({ params }, reply) => {
      const row = (await store.query(silencesQuery, { after: clock.now() })).find(({ id }) => id === params.id);
      if (row === undefined) {
        const isKept = configuredSilences(routing).some(({ id }) => id === params.id);
        const detail = isKept
          ? 'This silence is in the configuration file; remove it there.'
          : `There is no silence ${params.id}.`;
        await sendProblem(reply, isKept ? 409 : 404, { title: isKept ? 'Conflict' : 'Not Found', detail });
        return reply;
      }
      const updatedMs = Math.max(clock.now(), row.updatedMs + 1);
      await store.insert('silences', [silenceInsert({ ...row, updatedMs }, true)]);
      return reply.code(204).send(null);
    },
  );
}

function toRow(body: z.infer<typeof bodySchema>, nowMs: number): SilenceRow {
  const ends = body.ends_at ?? body.endsAt ?? body.end;
  const short = Object.entries(body.matcher ?? {}).map(([name, value]) => ({ name, value }));
  const matchers = [...(body.matchers ?? []), ...short.map((one) => matcherSchema.parse(one))];
  if (matchers.length === 0) throw new UsageError('matchers is required: say which alerts.');
  const comment = body.comment ?? body.reason;
  const starts = body.starts_at ?? body.startsAt;
  if (ends === undefined) throw new UsageError('ends_at is required: a silence has an end.');
  if (comment === undefined) throw new UsageError('comment is required: say why.');
  const startsMs = starts === undefined ? nowMs : Date.parse(starts);
  const endsMs = Date.parse(ends);
  if (endsMs <= Math.max(startsMs, nowMs)) throw new UsageError('ends_at must be after starts_at and after now.');
  return {
    id: randomUUID(),
    matchers: JSON.stringify(matchers),
    comment,
    createdBy: body.created_by ?? body.createdBy ?? '',
    startsMs,
    endsMs,
    updatedMs: nowMs,
  };
}

function toJson(silence: Silence, nowMs: number): z.infer<typeof silenceSchema> {
  const started = silence.startsMs <= nowMs;
  return {
    id: silence.id,
    matchers: [...silence.matchers],
    comment: silence.comment,
    created_by: silence.createdBy,
    starts_at: new Date(silence.startsMs).toISOString(),
    ends_at: new Date(silence.endsMs).toISOString(),
    status: started ? (silence.endsMs > nowMs ? 'active' : 'expired') : 'pending',
  };
}
