import { z } from 'zod';
import { durationMs } from '../fields.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** One expression that is asked of a Prometheus again and again. */
export const queryConfigSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,127}$/, 'must be a metric name')
    .describe('Metric name of the samples.'),
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe('Base URL of the Prometheus, without /api/v1.'),
  expr: z.string().min(1).max(16_384).describe('PromQL expression.'),
  interval: durationMs
    .refine((ms) => ms >= 1000, 'must be at least 1s')
    .prefault('60s')
    .describe('How often it is asked, and the time between two samples.'),
  delay: durationMs.prefault('15s').describe('How long after a moment its value is asked for.'),
  catch_up: durationMs
    .prefault('6h')
    .describe('How far back it is asked after an outage of either side; older moments are left out.'),
  timeout: durationMs.prefault('30s').describe('How long an answer may take.'),
  labels: z
    .record(z.string().regex(LABEL_NAME, 'must be a label name'), z.string().max(256))
    .default({})
    .describe('Labels put on every sample, such as model.'),
  bearer: z.string().min(1).optional().describe('Bearer token; give it as ${ENV_NAME} or file:/path, never literally.'),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string()).default({}),
  series_limit: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Most different series within an hour; new ones beyond are refused and counted.'),
});

export type QueryConfig = z.output<typeof queryConfigSchema>;
