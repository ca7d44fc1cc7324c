import { z } from 'zod';
import { askPrometheus, type PrometheusFailure, type PrometheusRequest } from './ask-prometheus.ts';
import { parseMetricNumber } from './metric-number.ts';
import type { Labels } from './metric-sample.ts';

export interface QuerySeries {
  /** `__name__` included when the expression keeps it. */
  readonly labels: Labels;
  /** Oldest first; the value may be NaN or infinite. */
  readonly values: readonly { readonly timestampMs: number; readonly value: number }[];
}

export type QueryRangeAnswer =
  | { readonly ok: true; readonly series: readonly QuerySeries[]; readonly warnings: readonly string[] }
  | PrometheusFailure;

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

/**
 * Asks the HTTP API of a Prometheus (or Thanos, Mimir, VictoriaMetrics) for the values of an expression at `fromMs`,
 * `fromMs + stepMs` and so on to `toMs`. Whatever comes back is an answer, never a fault.
 *
 * @see Prometheus HTTP API, /api/v1/query_range
 */
export async function queryRange(
  request: PrometheusRequest & {
    readonly expr: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly stepMs: number;
  },
): Promise<QueryRangeAnswer> {
  const { expr, fromMs, toMs, stepMs } = request;
  const asked = await askPrometheus({
    ...request,
    endpoint: 'query_range',
    parameters: { query: expr, start: seconds(fromMs), end: seconds(toMs), step: seconds(stepMs) },
    answer: answerSchema,
    maxBytes: MAX_BODY_BYTES,
  });
  if (!asked.ok) return asked;
  const { data, warnings } = asked.content;
  const series = data.result.map(({ metric, values }) => ({
    labels: metric,
    values: values.map(([at, value]) => ({
      timestampMs: Math.round(at * 1000),
      value: parseMetricNumber(value) ?? Number.NaN,
    })),
  }));
  return { ok: true, series, warnings: warnings ?? [] };
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
