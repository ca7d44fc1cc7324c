import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isSame } from '../collectors/events/signature.ts';
import { isOpenPage, toldEpisodes, toldFrom } from '../alerting/told.ts';
import type { Clock } from '../core/clock.ts';
import { latestDeliveriesQuery } from '../store/queries/outbox.ts';
import { acknowledgementInserts, pageResponseInsert } from '../store/queries/page-responses.ts';
import type { Store } from '../store/store.ts';
import type { guard } from './auth.ts';
import { sendProblem } from './problem.ts';

export interface PagerDutyRoutesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly guard: ReturnType<typeof guard>;
  /** Secrets of the webhook subscriptions; without any a token with the scope ingest is asked for. */
  readonly secrets: readonly string[];
}

const MAX_BODY_BYTES = 1024 * 1024;

const deliverySchema = z.object({
  event: z.object({
    event_type: z.string().max(128),
    occurred_at: z.iso.datetime({ offset: true }).optional(),
    agent: z.object({ summary: z.string().optional() }).nullish(),
    data: z
      .object({ incident_key: z.string().max(512).nullish(), html_url: z.string().max(2000).nullish() })
      .optional(),
  }),
});

const answerSchema = z.object({ taken: z.boolean().describe('False for events that are about no page of ours.') });

/** Registers POST /v1/pagerduty: what people do with a page in PagerDuty (webhooks v3), kept beside the alert. */
export async function registerPagerDutyRoutes(app: FastifyInstance, options: PagerDutyRoutesOptions): Promise<void> {
  await app.register(async (scope) => {
    // Signatures are over the bytes as they came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.setValidatorCompiler<z.ZodType>((part) => (part.httpPart === 'body' ? () => true : validatorCompiler(part)));
    scope.post(
      '/v1/pagerduty',
      {
        bodyLimit: MAX_BODY_BYTES,
        onRequest: async (request, reply) => {
          if (options.secrets.length === 0) await options.guard('ingest')(request, reply);
        },
        schema: {
          summary: 'Takes webhooks v3 of PagerDuty in: acknowledged, resolved and so on.',
          tags: ['alerts'],
          consumes: ['application/json'],
          response: { 200: answerSchema },
        },
      },
      async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        if (options.secrets.length > 0 && !isSigned(request.headers['x-pagerduty-signature'], body, options.secrets)) {
          const detail = 'The delivery is not signed with a configured secret.';
          await sendProblem(reply, 401, { title: 'Unauthorized', detail });
          return reply;
        }
        const delivery = deliverySchema.safeParse(parseJson(body));
        if (!delivery.success) {
          const issue = delivery.error.issues[0];
          const detail = `The body is no webhook of PagerDuty: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`;
          await sendProblem(reply, 400, { title: 'Bad Request', detail });
          return reply;
        }
        return reply.send({ taken: await keep(delivery.data.event, options) });
      },
    );
  });
}

async function keep(
  event: z.infer<typeof deliverySchema>['event'],
  { store, clock }: PagerDutyRoutesOptions,
): Promise<boolean> {
  const dedupKey = event.data?.incident_key ?? '';
  const response = /^incident\.(\w+)$/.exec(event.event_type)?.[1];
  if (!dedupKey.startsWith('plumbline/') || response === undefined) return false;
  const atMs = event.occurred_at === undefined ? clock.now() : Date.parse(event.occurred_at);
  const responder = event.agent?.summary?.slice(0, 200) ?? '';
  const url = event.data?.html_url ?? '';
  const answer = { dedupKey, response, responder, url, atMs };
  await store.insert('page_responses', [pageResponseInsert(answer)]);
  if (response === 'acknowledged') {
    const pages = [...toldFrom(await store.query(latestDeliveriesQuery, {})).values()];
    const taken = pages.filter((page) => page.dedupKey === dedupKey && isOpenPage(page) && page.message.atMs <= atMs);
    const episodes = new Set(taken.flatMap((page) => [...toldEpisodes(page)]));
    await store.insert('page_acknowledgements', acknowledgementInserts(answer, episodes));
  }
  return true;
}

/** Returns whether one of the signatures in the header is that of the body under one of the secrets. */
function isSigned(header: string | readonly string[] | undefined, body: Buffer, secrets: readonly string[]): boolean {
  const given = (typeof header === 'string' ? header : '').split(',').map((part) => part.trim());
  return secrets.some((secret) => {
    const expected = `v1=${createHmac('sha256', secret).update(body).digest('hex')}`;
    return given.some((signature) => isSame(signature, expected));
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // Not JSON is told to the sender as a body of another shape.
    return undefined;
  }
}
