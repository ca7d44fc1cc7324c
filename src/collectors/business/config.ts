import { z } from 'zod';
import { durationMs } from '../prometheus/fields.ts';

const MINUTE_MS = 60_000;
const HEADER_NAME = /^[A-Za-z0-9-]+$/;

const prometheusSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe('Address of the Prometheus server, without /api/v1.'),
  expr: z
    .string()
    .min(1)
    .max(10_000)
    .describe('PromQL, asked for the moment at which each interval ends; a label model in the result names the model.'),
  token: z.string().min(1).optional().describe('Bearer token; give it as ${ENV_NAME} or file:PATH.'),
  headers: z
    .record(z.string().regex(HEADER_NAME, 'must consist of letters, digits and -'), z.string())
    .default({})
    .describe('Headers sent with each query.'),
});

const sqlSchema = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(20_000)
    .describe(
      'One SELECT on the database of Plumbline, run read-only. {from:DateTime} and {to:DateTime} are the interval; columns: value, and if wanted model and labels (Map(String, String)).',
    ),
});

const entrySchema = z
  .strictObject({
    metric: z
      .string()
      .regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/, 'must match ^[a-zA-Z_][a-zA-Z0-9_]{0,127}$')
      .describe('Name of the number; its signal is business_<metric>.'),
    model: z
      .string()
      .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'must match ^[A-Za-z0-9_.:/-]{1,128}$')
      .optional()
      .describe('Model that the number belongs to; default: what the result says, else no model.'),
    labels: z.record(z.string(), z.string().max(256)).default({}).describe('Labels put on every number.'),
    prometheus: prometheusSchema.optional().describe('Takes the number from a Prometheus server.'),
    sql: sqlSchema.optional().describe('Takes the number from a query on the database.'),
    interval: durationMs
      .prefault('1m')
      .refine((ms) => ms % MINUTE_MS === 0 && ms <= 86_400_000, 'must be whole minutes, at most 1d')
      .describe('Length of the closed intervals, whole minutes. The number is stored under the end of its interval.'),
    delay: durationMs
      .prefault('10s')
      .describe('How long after its end an interval is asked for; alerts see what is stored within the minute after.'),
    timeout: durationMs.prefault('10s').describe('How long one query may take.'),
    catch_up: durationMs
      .prefault('6h')
      .describe('How far back intervals missed while the service or the source was away are asked for, in order.'),
  })
  .refine((entry) => (entry.prometheus === undefined) !== (entry.sql === undefined), {
    error: 'must have exactly one of prometheus and sql',
  })
  .refine((entry) => Object.keys(entry.labels).length <= 16, {
    path: ['labels'],
    error: 'must have at most 16 entries',
  });

/** The configuration `business`: numbers that Plumbline fetches by itself, beside those sent to /v1/business. */
export const businessConfigSchema = z
  .array(entrySchema)
  .max(1000)
  .default([])
  .refine(
    (entries) => new Set(entries.map(businessKey)).size === entries.length,
    'must not hold the same metric for the same model and labels twice',
  )
  .describe('Business numbers to fetch, each once per closed interval.');

export type BusinessEntry = z.infer<typeof entrySchema>;

/** Names an entry: what it is the number of, wherever it comes from. */
export function businessKey(entry: Pick<BusinessEntry, 'metric' | 'model' | 'labels'>): string {
  const labels = Object.entries(entry.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([entry.metric, entry.model ?? '', labels]);
}
