import { expect } from 'vitest';
import { z } from 'zod';

const receiptSchema = z.object({
  accepted: z.number(),
  rejected: z.number(),
  errors: z.array(z.object({ line: z.number(), field: z.string(), reason: z.string() })),
});

export type Receipt = z.infer<typeof receiptSchema>;

export type Body = string | Uint8Array | ReadableStream<Uint8Array>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
  /** The body of an ingest answer; fails the test when it is not one. */
  receipt(): Receipt;
}

/** Sends one request to a service and reads its whole answer. */
export async function request(
  url: string,
  options: {
    readonly method?: string;
    readonly body?: Body;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Answer> {
  const { method, body, headers, signal } = options;
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...headers },
    signal: signal ?? AbortSignal.timeout(60_000),
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  });
  const text = await response.text();
  const json = (): unknown => JSON.parse(text);
  return {
    status: response.status,
    headers: response.headers,
    text,
    json,
    receipt: () => receiptSchema.parse(json()),
  };
}

/** Returns a valid prediction as one line of NDJSON. */
export function predictionLine(id: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    prediction_id: id,
    ts: '2026-05-01T10:00:00.123Z',
    model: 'late-flights',
    version: '3',
    features: { distance: 2176, origin: 'LAS', is_weekend: false, gap_min: null },
    prediction: 1,
    score: 0.83,
    latency_ms: 12.4,
    ...more,
  });
}

export const NDJSON = { 'content-type': 'application/x-ndjson' } as const;

const problem = z.looseObject({ type: z.string(), title: z.string(), status: z.number(), detail: z.string() });

/** Fails the test when an answer is not the problem document that was expected. */
export function expectProblem(answer: Answer, status: number, detail: string | RegExp): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const body = problem.parse(answer.json());
  expect(body.status).toBe(status);
  expect(body.detail).toMatch(detail);
}
