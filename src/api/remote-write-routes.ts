import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RemoteWriteVersion } from '../collectors/prometheus/remote-write/decode-request.ts';
import type { RemoteWriteReceiver } from '../collectors/prometheus/remote-write/remote-write-receiver.ts';
import type { guard } from './auth.ts';
import { sendProblem } from './problem.ts';

export interface RemoteWriteRouteOptions {
  readonly receiver: RemoteWriteReceiver;
  readonly guard: ReturnType<typeof guard>;
  /** Largest request as sent, in bytes. */
  readonly maxCompressedBytes: number;
}

/** Registers POST /api/v1/write, the receiver of Prometheus remote write 1.0 and 2.0. It answers after the samples are stored. */
export async function registerRemoteWriteRoutes(app: FastifyInstance, options: RemoteWriteRouteOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.route({
      method: 'POST',
      url: '/api/v1/write',
      bodyLimit: options.maxCompressedBytes,
      onRequest: options.guard('ingest'),
      schema: {
        summary: 'Takes samples from Prometheus remote write.',
        description:
          'Version 1.0 and 2.0: protobuf in a snappy block. 204 when all is stored, 400 when samples were refused ' +
          '(the others are stored), 415 for another format, 503 with Retry-After when the store is slow.',
        tags: ['ingest'],
        consumes: ['application/x-protobuf'],
      },
      handler: async (request, reply) => handle(request, reply, options.receiver),
    });
  });
}

async function handle(request: FastifyRequest, reply: FastifyReply, receiver: RemoteWriteReceiver): Promise<void> {
  const version = versionOf(request.headers['content-type'] ?? '');
  if (version !== 1) sayWritten(reply, 0);
  if (version === undefined) {
    await sendProblem(reply, 415, {
      title: 'Unsupported Media Type',
      detail:
        'Content-Type must be application/x-protobuf, alone or with proto=prometheus.WriteRequest or ' +
        'proto=io.prometheus.write.v2.Request.',
    });
    return;
  }
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding !== 'snappy') {
    await sendProblem(reply, 415, {
      title: 'Unsupported Media Type',
      detail: `Content-Encoding must be snappy (the block format), not ${encoding === '' ? 'absent' : encoding}.`,
    });
    return;
  }
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const outcome = await receiver.take(body, version);
  if (outcome.kind === 'too_large') {
    await sendProblem(reply, 413, { title: 'Content Too Large', detail: `The request ${outcome.reason}.` });
  } else if (outcome.kind === 'unreadable') {
    await sendProblem(reply, 400, { title: 'Bad Request', detail: `The request ${outcome.reason}.` });
  } else {
    if (version === 2) sayWritten(reply, outcome.written);
    if (outcome.refusals.length === 0) {
      await reply.code(204).send();
    } else {
      const detail = `Refused were samples: ${outcome.refusals.join('; ')}. The others (${outcome.written}) are stored.`;
      await sendProblem(reply, 400, { title: 'Bad Request', detail });
    }
  }
}

/** Version 2 must say what was written, because a receiver of version 1 answers 204 and stores nothing. */
function sayWritten(reply: FastifyReply, samples: number): void {
  reply.header('x-prometheus-remote-write-samples-written', String(samples));
  reply.header('x-prometheus-remote-write-histograms-written', '0');
  reply.header('x-prometheus-remote-write-exemplars-written', '0');
}

function versionOf(contentType: string): RemoteWriteVersion | undefined {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim());
  if (type.toLowerCase() !== 'application/x-protobuf') return undefined;
  const proto = parameters.find((parameter) => /^proto=/i.test(parameter))?.slice('proto='.length);
  if (proto === undefined || unquote(proto) === 'prometheus.WriteRequest') return 1;
  return unquote(proto) === 'io.prometheus.write.v2.Request' ? 2 : undefined;
}

function unquote(text: string): string {
  return text.replaceAll('"', '');
}
