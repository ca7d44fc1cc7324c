import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { BodyTooLargeError } from '../collectors/http/intake.ts';
import { LineSplitter } from '../collectors/http/line-splitter.ts';
import { AppError } from '../core/errors.ts';
import { MAX_LINE_BYTES } from '../store/ingest/unit.ts';
import type { guard } from './auth.ts';
import { problemSchema } from './problem.ts';
import { modelParameters } from './read/request-schemas.ts';
import { referenceAnswer } from './reference-routes.ts';

const answerSchema = referenceAnswer.extend({
  rejected: z.number().int().describe('Lines that are no JSON objects.'),
});

export type FileReferenceAnswer = z.infer<typeof answerSchema>;

export interface ReferenceFileRouteOptions {
  readonly guard: ReturnType<typeof guard>;
  /** Bytes of the body after decompression. */
  readonly maxBodyBytes: number;
  readonly setReference: (options: {
    readonly model: string;
    readonly name: string;
    readonly lines: AsyncIterable<readonly string[]>;
  }) => Promise<FileReferenceAnswer>;
}

const querySchema = z.object({
  name: z.string().min(1).max(512).default('upload').describe('Name of the file, for people.'),
});

/** Registers POST /v1/models/:model/references/file: the records of the body become the reference and count as no traffic. */
export async function registerReferenceFileRoute(
  app: FastifyInstance,
  options: ReferenceFileRouteOptions,
): Promise<void> {
  await app.register(async (scope) => {
    // The body is a stream: it is neither parsed nor held here.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.setValidatorCompiler<z.ZodType>((part) => (part.httpPart === 'body' ? () => true : validatorCompiler(part)));
    scope.route({
      method: 'POST',
      url: '/v1/models/:model/references/file',
      bodyLimit: options.maxBodyBytes,
      onRequest: options.guard('admin'),
      schema: {
        summary: 'Makes the records of the body the reference of a model.',
        description:
          'NDJSON of predictions, plain or gzip; prediction_id and model are not needed. The rows count as no traffic.',
        tags: ['references'],
        consumes: ['application/x-ndjson'],
        params: modelParameters,
        querystring: querySchema,
        response: { 201: answerSchema, 400: problemSchema },
      },
      handler: async (request, reply) => {
        const { model } = modelParameters.parse(request.params);
        const { name } = querySchema.parse(request.query);
        const body = request.body instanceof Readable ? request.body : Readable.from([]);
        const isZipped = request.headers['content-encoding'] === 'gzip';
        const source = isZipped ? unzipped(body) : body;
        try {
          const lines = piecesOf(source, options.maxBodyBytes);
          return await reply.code(201).send(await options.setReference({ model, name, lines }));
        } catch (error) {
          throw isBadGzip(error) ? new AppError('E_USAGE', 'The body is not valid gzip.', { cause: error }) : error;
        } finally {
          // Many clients look at the answer only when they have sent everything.
          body.unpipe();
          body.resume();
        }
      },
    });
  });
}

const PIECE_LINES = 10_000;
const PIECE_BYTES = 8 * 1024 * 1024;

async function* piecesOf(body: Readable, maxBytes: number): AsyncGenerator<readonly string[]> {
  let piece: string[] = [];
  let pieceBytes = 0;
  let bytes = 0;
  const splitter = new LineSplitter((line, number, fullBytes) => {
    if (fullBytes > MAX_LINE_BYTES)
      throw new AppError('E_USAGE', `Line ${number} is longer than ${MAX_LINE_BYTES} bytes.`);
    piece.push(Buffer.from(line).toString('utf8'));
    pieceBytes += line.length;
  });
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BodyTooLargeError(maxBytes);
    splitter.push(chunk);
    if (piece.length < PIECE_LINES && pieceBytes < PIECE_BYTES) continue;
    yield piece;
    piece = [];
    pieceBytes = 0;
  }
  splitter.end();
  if (piece.length > 0) yield piece;
}

function isBadGzip(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
}

function unzipped(body: Readable): Readable {
  const gunzip = createGunzip();
  // A lost connection must not look like the end of the body.
  body.on('error', (error) => gunzip.destroy(error));
  body.on('close', () => {
    if (!body.readableEnded) gunzip.destroy(new AppError('E_USAGE', 'The connection was lost.'));
  });
  return body.pipe(gunzip);
}
