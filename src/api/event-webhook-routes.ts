import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventsConfig } from '../collectors/events/config.ts';
import { EVENT_SOURCES, type EventReceiver, type EventSource } from '../collectors/events/event-receiver.ts';
import { isGithubSignature, isMlflowSignature, isSame } from '../collectors/events/signature.ts';
import type { Clock } from '../core/clock.ts';
import type { guard } from './auth.ts';
import { sendProblem } from './problem.ts';

export interface EventWebhookOptions {
  readonly receiver: Pick<EventReceiver, 'take'>;
  readonly config: EventsConfig;
  readonly wallClock: Clock;
  readonly guard: ReturnType<typeof guard>;
  /** True when the service has tokens; without them a bearer token proves nothing. */
  readonly hasTokens: boolean;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

const answerSchema = z.object({
  accepted: z.number().int().describe('Change events stored: one for each model that is concerned.'),
  rejected: z.number().int(),
  duplicate: z.boolean().describe('The delivery had been stored before.'),
  errors: z.array(z.object({ line: z.number().int(), field: z.string(), reason: z.string() })),
});
const ignoredSchema = z.object({ ignored: z.string().describe('Why the delivery is no change.') });
const querySchema = z.object({
  source: z.string().max(64).optional().describe('Name of the sender in collectors.events.generic.'),
});

const SUMMARIES: Readonly<Record<EventSource, string>> = {
  'argo-cd': 'Takes notifications of Argo CD in as change events.',
  'argo-rollouts': 'Takes notifications of Argo Rollouts in as change events.',
  github: 'Takes webhooks of GitHub in as change events.',
  mlflow: 'Takes webhooks of the MLflow registry in as change events.',
  generic: 'Takes webhooks of any sender in as change events.',
};

/**
 * Registers POST /v1/events/{argo-cd|argo-rollouts|github|mlflow|generic}. A sender whose secret is configured proves
 * itself by its signature, all others by a token with the scope ingest.
 */
export async function registerEventWebhookRoutes(app: FastifyInstance, options: EventWebhookOptions): Promise<void> {
  await app.register(async (scope) => {
    // Signatures are over the bytes as they came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.setValidatorCompiler<z.ZodType>((part) => (part.httpPart === 'body' ? () => true : validatorCompiler(part)));
    for (const source of EVENT_SOURCES) {
      scope.route({
        method: 'POST',
        url: `/v1/events/${source}`,
        bodyLimit: MAX_BODY_BYTES,
        onRequest: async (request, reply) => {
          if (!needsSignature(source, request, options)) await options.guard('ingest')(request, reply);
        },
        schema: {
          summary: SUMMARIES[source],
          description: '200 after the events are durable, 202 for deliveries that are no change.',
          tags: ['ingest'],
          consumes: ['application/json'],
          querystring: querySchema,
          response: { 200: answerSchema, 202: ignoredSchema },
        },
        handler: async (request, reply) => handle(source, request, reply, options),
      });
    }
  });
}

async function handle(
  source: EventSource,
  request: FastifyRequest,
  reply: FastifyReply,
  options: EventWebhookOptions,
): Promise<void> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const sender = source === 'generic' ? senderOf(request) : undefined;
  if (sender !== undefined && options.config.generic[sender] === undefined) {
    const detail = 'source: there is no such sender in collectors.events.generic.';
    await sendProblem(reply, 404, { title: 'Not Found', detail });
    return;
  }
  if (needsSignature(source, request, options) && !isSigned(source, request, body, options)) {
    const detail = 'The delivery is not signed with the configured secret.';
    await sendProblem(reply, 401, { title: 'Unauthorized', detail });
    return;
  }
  const result = await options.receiver.take({
    source,
    sender,
    body,
    githubEvent: headerOf(request, 'x-github-event'),
    deliveryId: headerOf(request, deliveryHeader(source, sender, options.config))?.slice(0, 255),
  });
  if (result.is === 'ignored') {
    await reply.code(202).send({ ignored: result.reason });
    return;
  }
  if (result.is === 'unreadable') {
    const { field, reason } = result;
    const detail = `The body cannot be read: ${field === '' ? '' : `${field} `}${reason}. It is kept as a dead letter.`;
    await sendProblem(reply, 400, { title: 'Bad Request', detail, more: { field, reason } });
    return;
  }
  const { accepted, rejected, duplicate, errors } = result.outcome;
  await reply.send({ accepted, rejected, duplicate, errors });
}

/** A configured secret must be proven, unless a bearer token is given that can be checked. */
function needsSignature(source: EventSource, request: FastifyRequest, options: EventWebhookOptions): boolean {
  if (secretOf(source, request, options.config) === undefined) return false;
  return !(options.hasTokens && request.headers.authorization !== undefined);
}

function isSigned(
  source: EventSource,
  request: FastifyRequest,
  body: Buffer,
  { config, wallClock }: EventWebhookOptions,
): boolean {
  const secret = secretOf(source, request, config) ?? '';
  if (source === 'github') return isGithubSignature(headerOf(request, 'x-hub-signature-256'), body, secret);
  if (source === 'mlflow') {
    return isMlflowSignature({
      signature: headerOf(request, 'x-mlflow-signature'),
      delivery: headerOf(request, 'x-mlflow-delivery-id'),
      timestamp: headerOf(request, 'x-mlflow-timestamp'),
      body,
      secret,
      nowMs: wallClock.now(),
    });
  }
  const header = config.generic[senderOf(request) ?? '']?.secret_header ?? '';
  return isSame(headerOf(request, header), secret);
}

function secretOf(source: EventSource, request: FastifyRequest, config: EventsConfig): string | undefined {
  if (source === 'github' || source === 'mlflow') return config[source].secret;
  return source === 'generic' ? config.generic[senderOf(request) ?? '']?.secret : undefined;
}

function deliveryHeader(source: EventSource, sender: string | undefined, config: EventsConfig): string {
  if (source === 'github') return 'x-github-delivery';
  if (source === 'mlflow') return 'x-mlflow-delivery-id';
  return config.generic[sender ?? '']?.id_header ?? 'idempotency-key';
}

function senderOf(request: FastifyRequest): string | undefined {
  const query = querySchema.safeParse(request.query);
  return query.success ? query.data.source : undefined;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
