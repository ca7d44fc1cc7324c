import { z } from 'zod';
import { describeError } from '../../core/errors.ts';
import { BusinessFault } from './business-fault.ts';

export type Fetch = typeof globalThis.fetch;

/** One element of an instant vector. NaN and infinite values are passed on. */
export interface InstantValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024;

const pointSchema = z.tuple([z.number(), z.string()]);
const answerSchema = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({
      resultType: z.literal('vector'),
      result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: pointSchema })),
    }),
    z.object({ resultType: z.literal('scalar'), result: pointSchema }),
  ]),
});
const errorSchema = z.object({ errorType: z.string(), error: z.string() });

/**
 * Asks a Prometheus server for the value of an expression at one moment.
 *
 * @throws BusinessFault when there is no answer, or none that is a vector or a scalar
 * @see Prometheus HTTP API, instant queries
 */
export async function instantQuery(request: {
  readonly url: string;
  readonly expr: string;
  readonly atMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly fetch: Fetch;
}): Promise<readonly InstantValue[]> {
  const { url, expr, atMs, headers, timeoutMs } = request;
  let response: Response;
  let text: string;
  try {
    response = await request.fetch(`${url.replace(/\/+$/, '')}/api/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
      body: new URLSearchParams({ query: expr, time: String(atMs / 1000), timeout: `${timeoutMs}ms` }).toString(),
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]),
    });
    text = await readText(response);
  } catch (error) {
    if (error instanceof BusinessFault) throw error;
    throw new BusinessFault(`Prometheus did not answer (${describeError(error)}).`);
  }
  const json = parseJson(text);
  const answer = answerSchema.safeParse(json);
  if (!answer.success) {
    const told = errorSchema.safeParse(json);
    const why = told.success ? `${told.data.errorType}: ${told.data.error}` : 'the answer is no vector and no scalar';
    throw new BusinessFault(`Prometheus answered with HTTP status ${response.status}: ${why.slice(0, 300)}.`);
  }
  const { data } = answer.data;
  if (data.resultType === 'scalar') return [{ labels: {}, value: toNumber(data.result[1]) }];
  return data.result.map(({ metric, value }) => ({ labels: metric, value: toNumber(value[1]) }));
}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the body and closes the connection.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_ANSWER_BYTES) throw new BusinessFault('The answer of Prometheus is too large.');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Prometheus writes numbers as text, also NaN, +Inf and -Inf. */
function toNumber(text: string): number {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return text.trim() === '' ? Number.NaN : Number(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
