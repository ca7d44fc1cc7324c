import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';

/** The body of every error answer. @see RFC 9457 */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  code: z.string().optional(),
});

/** Answers with a problem document; `more` holds extension members. */
export async function sendProblem(
  reply: FastifyReply,
  status: number,
  problem: {
    readonly title: string;
    readonly detail?: string;
    readonly code?: string;
    readonly more?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { title, detail, code, more } = problem;
  await reply
    .code(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title,
        status,
        ...(detail === undefined ? {} : { detail }),
        ...(code === undefined ? {} : { code }),
        ...more,
      }),
    );
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  E_BODY_TOO_LARGE: 413,
  E_USAGE: 400,
  E_CONFIG: 400,
  E_NOT_FOUND: 404,
};

/** Turns whatever a route threw into a problem document; faults of ours tell no internals. */
export async function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (error instanceof AppError) {
    const status = STATUS_BY_CODE[error.code] ?? (error.retryable ? 503 : 500);
    if (status >= 500) request.log.error({ event: 'request_failed', err: error }, 'A request failed.');
    if (status === 503) reply.header('retry-after', '5');
    const detail = status === 500 ? 'The service failed; its log says why.' : error.message;
    await sendProblem(reply, status, { title: TITLES[status] ?? 'Error', detail, code: error.code });
    return;
  }
  const status = statusOf(error);
  if (status >= 500) request.log.error({ event: 'request_failed', err: error }, 'A request failed.');
  const detail = status < 500 && error instanceof Error ? error.message : 'The service failed; its log says why.';
  await sendProblem(reply, status, { title: TITLES[status] ?? 'Error', detail });
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}
