import { z } from 'zod';
import { askPrometheus, type PrometheusRequest } from '../prometheus/ask-prometheus.ts';
import { parseMetricNumber } from '../prometheus/metric-number.ts';
import { BusinessFault } from './business-fault.ts';

export type Fetch = typeof globalThis.fetch;

/** One element of an instant vector. NaN and infinite values are passed on. */
export interface InstantValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

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

/**
 * Asks a Prometheus server for the value of an expression at one moment.
 *
 * @throws BusinessFault when there is no answer, or none that is a vector or a scalar
 * @see Prometheus HTTP API, instant queries
 */
export async function instantQuery(
  request: PrometheusRequest & { readonly expr: string; readonly atMs: number },
): Promise<readonly InstantValue[]> {
  const { expr, atMs } = request;
  const asked = await askPrometheus({
    ...request,
    endpoint: 'query',
    parameters: { query: expr, time: String(atMs / 1000) },
    answer: answerSchema,
    maxBytes: MAX_BODY_BYTES,
  });
  if (!asked.ok) {
    const isSilent = asked.reason === 'connection' || asked.reason === 'timeout';
    throw new BusinessFault(`Prometheus ${isSilent ? 'did not answer' : 'gave no value'}: ${asked.detail}`);
  }
  const { data } = asked.content;
  if (data.resultType === 'scalar') return [{ labels: {}, value: toNumber(data.result[1]) }];
  return data.result.map(({ metric, value }) => ({ labels: metric, value: toNumber(value[1]) }));
}

function toNumber(text: string): number {
  return parseMetricNumber(text) ?? Number.NaN;
}
