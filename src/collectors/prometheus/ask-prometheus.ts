import { z } from 'zod';
import { describeError } from '../../core/errors.ts';
import { readBody } from './read-body.ts';

export type QueryFailure = 'connection' | 'timeout' | 'stopped' | 'status' | 'refused' | 'unreadable' | 'too_large';

export interface PrometheusFailure {
  readonly ok: false;
  readonly reason: QueryFailure;
  readonly detail: string;
}

export interface PrometheusRequest {
  readonly fetch: typeof globalThis.fetch;
  /** Base of the API, without /api/v1. */
  readonly url: string;
  /** May carry secrets: never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const errorSchema = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

/**
 * Asks the HTTP API of a Prometheus (or Thanos, Mimir, VictoriaMetrics) and returns what fits `answer`. Whatever comes
 * back is an answer, never a fault.
 *
 * @see Prometheus HTTP API, format overview
 */
export async function askPrometheus<T>(
  request: PrometheusRequest & {
    readonly endpoint: 'query' | 'query_range';
    readonly parameters: Readonly<Record<string, string>>;
    readonly answer: z.ZodType<T>;
    readonly maxBytes: number;
  },
): Promise<{ readonly ok: true; readonly content: T } | PrometheusFailure> {
  const { fetch, url, headers, timeoutMs, signal, endpoint, parameters, answer, maxBytes } = request;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/${endpoint}`, {
      method: 'POST',
      headers: { ...headers, Accept: 'application/json', 'User-Agent': 'plumbline' },
      body: new URLSearchParams({ ...parameters, timeout: `${timeoutMs}ms` }),
      // Headers with secrets go to no other address.
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const text = await readBody(response, maxBytes);
    if (text === undefined) return fail('too_large', `The answer is larger than ${maxBytes} bytes.`);
    const content = parseJson(text);
    const refused = errorSchema.safeParse(content);
    if (refused.success) return fail('refused', `${refused.data.errorType}: ${refused.data.error.slice(0, 500)}`);
    if (response.status !== 200) return fail('status', `HTTP status ${response.status}.`);
    const parsed = answer.safeParse(content);
    if (!parsed.success) return fail('unreadable', `The answer is no ${endpoint} answer of the Prometheus HTTP API.`);
    return { ok: true, content: parsed.data };
  } catch (error) {
    if (signal?.aborted === true) return fail('stopped', 'The service is stopping.');
    if (timeout.aborted) return fail('timeout', `No whole answer within ${timeoutMs} ms.`);
    return fail('connection', describeError(error));
  }
}

function fail(reason: QueryFailure, detail: string): PrometheusFailure {
  return { ok: false, reason, detail };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is told as an answer of another shape.
    return undefined;
  }
}
