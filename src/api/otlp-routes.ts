import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../core/errors.ts';
import type { OtlpFormat, OtlpSignal } from '../collectors/otlp/otlp-codec.ts';
import { type OtlpReceiver, otlpStatus } from '../collectors/otlp/otlp-receiver.ts';
import type { guard } from './auth.ts';

export interface OtlpRouteOptions {
  readonly receiver: OtlpReceiver;
  readonly guard: ReturnType<typeof guard>;
  readonly maxBodyBytes: number;
}

const TYPES: Readonly<Record<OtlpFormat, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };
const SUMMARIES: Readonly<Record<OtlpSignal, string>> = {
  logs: 'Takes OpenTelemetry log records in as predictions.',
  metrics: 'Takes OpenTelemetry metrics in as samples.',
};

/** Registers POST /otlp/v1/logs and /otlp/v1/metrics. @see https://opentelemetry.io/docs/specs/otlp/ */
export async function registerOtlpRoutes(app: FastifyInstance, options: OtlpRouteOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.setErrorHandler(async (error, request, reply) => fail(error, request, reply, options.receiver));
    for (const signal of ['logs', 'metrics'] as const) {
      scope.route({
        method: 'POST',
        url: `/otlp/v1/${signal}`,
        bodyLimit: options.maxBodyBytes,
        onRequest: options.guard('ingest'),
        schema: {
          summary: SUMMARIES[signal],
          description:
            'OTLP/HTTP 1, protobuf or JSON, Content-Encoding gzip or zstd. 200 when stored, with partialSuccess for ' +
            'what was refused; 400 for a body that cannot be read; 503 with Retry-After when the store is slow.',
          tags: ['ingest'],
          consumes: Object.values(TYPES),
        },
        handler: async (request, reply) => handle(signal, request, reply, options.receiver),
      });
    }
  });
}

async function handle(
  signal: OtlpSignal,
  request: FastifyRequest,
  reply: FastifyReply,
  receiver: OtlpReceiver,
): Promise<void> {
  const format = formatOf(request);
  if (format === undefined) {
    const body = receiver.codec.failure('json', 'Content-Type must be application/x-protobuf or application/json.');
    await reply.code(415).type(TYPES.json).send(body);
    return;
  }
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const partial = await receiver.take({ signal, format, encoding: request.headers['content-encoding'], body });
  await reply.type(TYPES[format]).send(receiver.codec.success(signal, format, partial));
}

/** Answers with a google.rpc.Status in the request's own format. */
async function fail(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  receiver: OtlpReceiver,
): Promise<void> {
  const format = formatOf(request) ?? 'json';
  const isTooLarge = error instanceof Error && 'statusCode' in error && error.statusCode === 413;
  const status = isTooLarge ? 413 : otlpStatus(error);
  if (status >= 500) request.log.error({ event: 'request_failed', err: error }, 'A request failed.');
  if (status === 503) reply.header('retry-after', '5');
  const isKnown = status !== 500 && (error instanceof AppError || isTooLarge);
  const message = isKnown ? error.message : 'The service failed; its log says why.';
  await reply.code(status).type(TYPES[format]).send(receiver.codec.failure(format, message));
}

function formatOf(request: FastifyRequest): OtlpFormat | undefined {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === TYPES.json) return 'json';
  return type === TYPES.protobuf || type === 'application/protobuf' ? 'protobuf' : undefined;
}
