import { z } from 'zod';
import { describeError } from '../../core/errors.ts';
import { parseMetricNumber } from './metric-number.ts';
import type { Labels } from './metric-sample.ts';
import { readBody } from './read-body.ts';

export type QueryFailure = 'connection' | 'timeout' | 'stopped' | 'status' | 'refused' | 'unreadable' | 'too_large';

export interface QuerySeries {
  /** `__name__` included when the expression keeps it. */
  readonly labels: Labels;
  /** Oldest first; the value may be NaN or infinite. */
  readonly values: readonly { readonly timestampMs: number; readonly value: number }[];
}

export type QueryRangeAnswer =
  | { readonly ok: true; readonly series: readonly QuerySeries[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly reason: QueryFailure; readonly detail: string };

/** Prometheus answers with at most 11,000 points a series; ask for no more steps than this at once. */
export const MAX_QUERY_STEPS = 10_000;

const MAX_BODY_BYTES = 64 * 1024 * 1024;

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.tuple([z.number(), z.string()])) }),
    ),
  }),
  warnings: z.array(z.string()).nullish(),
});

const errorSchema = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

/**
 * Asks the HTTP API of a Prometheus (or Thanos, Mimir, VictoriaMetrics) for the values of an expression at `fromMs`,
 * `fromMs + stepMs` and so on to `toMs`. Whatever comes back is an answer, never a fault.
 *
 * @see Prometheus HTTP API, /api/v1/query_range
 */
export async function queryRange(options: {
  readonly fetch: typeof globalThis.fetch;
  /** Base of the API, without /api/v1. */
  readonly url: string;
  readonly expr: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** May carry secrets: never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}): Promise<QueryRangeAnswer> {
  const { fetch, url, expr, fromMs, toMs, stepMs, headers, timeoutMs, signal } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const body = new URLSearchParams({
    query: expr,
    start: seconds(fromMs),
    end: seconds(toMs),
    step: seconds(stepMs),
    timeout: `${timeoutMs}ms`,
  });
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/api/v1/query_range`, {
      method: 'POST',
      headers: { ...headers, Accept: 'application/json', 'User-Agent': 'plumbline' },
      body,
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const text = await readBody(response, MAX_BODY_BYTES);
    if (text === undefined) return fail('too_large', `The answer is larger than ${MAX_BODY_BYTES} bytes.`);
    return answerOf(response.status, parseJson(text));
  } catch (error) {
    if (signal?.aborted === true) return fail('stopped', 'The service is stopping.');
    if (timeout.aborted) return fail('timeout', `No whole answer within ${timeoutMs} ms.`);
    return fail('connection', describeError(error));
  }
}

function answerOf(status: number, content: unknown): QueryRangeAnswer {
  const refused = errorSchema.safeParse(content);
  if (refused.success) return fail('refused', `${refused.data.errorType}: ${refused.data.error.slice(0, 500)}`);
  if (status !== 200) return fail('status', `HTTP status ${status}.`);
  const answer = answerSchema.safeParse(content);
  if (!answer.success) return fail('unreadable', 'The answer is no matrix of the Prometheus HTTP API.');
  const { data, warnings } = answer.data;
  const series = data.result.map(({ metric, values }) => ({
    labels: metric,
    values: values.map(([at, value]) => ({
      timestampMs: Math.round(at * 1000),
      value: parseMetricNumber(value) ?? Number.NaN,
    })),
  }));
  return { ok: true, series, warnings: warnings ?? [] };
}

function fail(reason: QueryFailure, detail: string): QueryRangeAnswer {
  return { ok: false, reason, detail };
}

function seconds(ms: number): string {
  return String(ms / 1000);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
