import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type BodyEncoding, takeIn } from '../collectors/http/intake.ts';
import type { Clock } from '../core/clock.ts';
import type { BatchWriter } from '../store/ingest/batch-writer.ts';
import { rejectedLines } from '../store/queries/ingest.ts';
import type { Store } from '../store/store.ts';
import { RECORD_KINDS, type RecordKind } from '../store/ingest/unit.ts';
import type { guard } from './auth.ts';
import { sendProblem } from './problem.ts';
import { recordSchemas } from './record-schemas.ts';

export interface IngestRouteOptions {
  readonly store: Store;
  readonly writer: BatchWriter;
  readonly wallClock: Clock;
  readonly guard: ReturnType<typeof guard>;
  readonly maxBodyBytes: number;
}

const answerSchema = z.object({
  accepted: z.number().int().describe('Records stored.'),
  rejected: z.number().int().describe('Records refused; they are kept as dead letters.'),
  errors: z
    .array(z.object({ line: z.number().int(), field: z.string(), reason: z.string() }))
    .describe('The first 20 refused records.'),
});

const querySchema = z.object({
  max_errors: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(20)
    .describe('How many refused records the answer lists.'),
});

const NDJSON = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/jsonlines',
  'application/x-jsonlines',
  'text/plain',
]);

const ENCODINGS: ReadonlyMap<string, BodyEncoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['zstd', 'zstd'],
]);

const SUMMARIES: Readonly<Record<RecordKind, string>> = {
  predictions: 'Takes predictions in.',
  labels: 'Takes delayed labels in.',
  business: 'Takes business numbers in.',
  events: 'Takes change events in.',
};

/** Registers POST /v1/predictions, /v1/labels, /v1/business and /v1/events. The answer comes after the rows are durable. */
export async function registerIngestRoutes(app: FastifyInstance, options: IngestRouteOptions): Promise<void> {
  await app.register(async (scope) => {
    // Bodies are streams: nothing is parsed, checked or held here.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.setValidatorCompiler<z.ZodType>((part) => (part.httpPart === 'body' ? () => true : validatorCompiler(part)));
    for (const kind of RECORD_KINDS) {
      scope.route({
        method: 'POST',
        url: `/v1/${kind}`,
        bodyLimit: options.maxBodyBytes,
        onRequest: options.guard('ingest'),
        schema: {
          summary: SUMMARIES[kind],
          description:
            'NDJSON, a JSON array or a JSON object; Content-Encoding gzip or zstd. Idempotency-Key makes a retry count once.',
          tags: ['ingest'],
          consumes: ['application/x-ndjson', 'application/json'],
          body: recordSchemas[kind],
          querystring: querySchema,
          response: { 200: answerSchema },
        },
        handler: async (request, reply) => handle(kind, request, reply, options),
      });
    }
  });
}

async function handle(
  kind: RecordKind,
  request: FastifyRequest,
  reply: FastifyReply,
  options: IngestRouteOptions,
): Promise<void> {
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  const format = type === 'application/json' || type === '' ? 'json' : NDJSON.has(type) ? 'ndjson' : undefined;
  const encodingName = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const encoding = ENCODINGS.get(encodingName);
  if (format === undefined) {
    await sendProblem(reply, 415, {
      title: 'Unsupported Media Type',
      detail: `Content-Type ${type} is not known; send application/x-ndjson or application/json.`,
    });
    return;
  }
  if (encoding === undefined) {
    await sendProblem(reply, 415, {
      title: 'Unsupported Media Type',
      detail: `Content-Encoding ${encodingName} is not known; send gzip, zstd or nothing.`,
    });
    return;
  }
  const key = request.headers['idempotency-key'];
  if (typeof key === 'string' && key.length > 255) {
    await sendProblem(reply, 400, { title: 'Bad Request', detail: 'Idempotency-Key is longer than 255 characters.' });
    return;
  }
  const result = await takeIn({
    body: request.body instanceof Readable ? request.body : Readable.from([]),
    kind,
    format,
    encoding,
    key: typeof key === 'string' && key !== '' ? key : undefined,
    writer: options.writer,
    clock: options.wallClock,
    limits: { bodyBytes: options.maxBodyBytes },
  });
  const { accepted, rejected } = result;
  const { max_errors: maxErrors } = querySchema.parse(request.query);
  const errors =
    rejected > result.errors.length && maxErrors > result.errors.length
      ? await allErrors(options.store, result.receipts, maxErrors)
      : result.errors.slice(0, maxErrors);
  if (result.unreadable) {
    const [first] = errors;
    const detail =
      first === undefined
        ? 'The body holds no records.'
        : `No record could be read: line ${first.line} ${first.reason}.`;
    await sendProblem(reply, 400, { title: 'Bad Request', detail, more: { accepted, rejected, errors } });
    return;
  }
  await reply.send({ accepted, rejected, errors });
}

async function allErrors(store: Store, receipts: readonly string[], limit: number) {
  const rows = await store.query(rejectedLines, { receipts, limit });
  return rows
    .map(({ line, field, reason }) => ({ line, field, reason }))
    .sort((a, b) => a.line - b.line)
    .slice(0, limit);
}
