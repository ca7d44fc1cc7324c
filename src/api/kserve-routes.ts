import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { KserveConfig } from '../collectors/kserve/config.ts';
import { isEnvelope, type KserveCollector } from '../collectors/kserve/kserve-collector.ts';
import type { guard } from './auth.ts';

export interface KserveRouteOptions {
  readonly collector: KserveCollector;
  readonly config: KserveConfig;
  readonly guard: ReturnType<typeof guard>;
}

const hint = z.string().max(128).optional();
const querySchema = z.object({
  version: hint.describe('Version of the model that this logger belongs to; events do not say it.'),
  model: hint.describe('Name of the model; default: the InferenceService or SeldonDeployment.'),
});

const answerSchema = z.object({
  queued: z.boolean().describe('False: dropped, because too much waits or the event is too large to be received.'),
});

/**
 * Registers POST /v1/kserve. The answer is 200 before anything is read: payload loggers never send again, and one that
 * has to wait fills the memory of its pod.
 */
export async function registerKserveRoutes(app: FastifyInstance, options: KserveRouteOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.setValidatorCompiler<z.ZodType>((part) => (part.httpPart === 'body' ? () => true : validatorCompiler(part)));
    scope.route({
      method: 'POST',
      url: '/v1/kserve',
      bodyLimit: Number.MAX_SAFE_INTEGER,
      onRequest: options.guard('ingest'),
      schema: {
        summary: 'Takes payload logger events in.',
        description:
          'CloudEvents 1.0 of KServe, Knative and Seldon Core 1, binary, structured or batched. Always answers 200; ' +
          'events are best-effort, because their sender never repeats them.',
        tags: ['ingest'],
        consumes: ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'],
        body: z.unknown().describe('The payload, or a CloudEvent, or an array of them.'),
        querystring: querySchema,
        response: { 200: answerSchema },
      },
      handler: async (request) => ({ queued: await receive(request, options) }),
    });
  });
}

async function receive(request: FastifyRequest, { collector, config }: KserveRouteOptions): Promise<boolean> {
  const { headers } = request;
  const { version, model } = querySchema.parse(request.query);
  const maxBytes = isEnvelope({ headers }) ? config.max_batch_bytes : config.max_body_bytes;
  const body = request.body instanceof Readable ? request.body : Readable.from([]);
  const received = await readBody(body, maxBytes, collector);
  if (received === undefined) {
    collector.shed();
    return false;
  }
  const hints = {
    ...(version === undefined || version === '' ? {} : { version }),
    ...(model === undefined || model === '' ? {} : { model }),
  };
  return collector.take({ headers, hints, ...received });
}

/** Returns the body, without bytes when it is too large, or undefined when there is no room for it. The rest flows away. */
async function readBody(
  body: Readable,
  maxBytes: number,
  collector: KserveCollector,
): Promise<{ readonly body: Buffer; readonly isTooLarge: boolean } | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) continue;
      if (bytes + chunk.length > maxBytes) return { body: Buffer.alloc(0), isTooLarge: true };
      if (!collector.reserve(chunk.length)) return undefined;
      bytes += chunk.length;
      parts.push(chunk);
    }
    return { body: Buffer.concat(parts), isTooLarge: false };
  } finally {
    collector.release(bytes);
    body.resume();
  }
}
