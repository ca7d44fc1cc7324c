import { z } from 'zod';
import type { RecordKind } from '../store/ingest/unit.ts';

const name = z.string().regex(/^[A-Za-z0-9_.:/-]{1,128}$/);
const time = z
  .union([z.iso.datetime({ offset: true }), z.number().int()])
  .describe('RFC 3339 or milliseconds since 1970; from 1990 to one hour ahead.');
const labels = z.record(z.string(), z.string());

const prediction = z.looseObject({
  prediction_id: z.string().min(1).max(128).describe('Unique within the model.'),
  ts: time,
  model: name,
  version: name.optional().describe('Default "0".'),
  features: z.record(z.string().max(256), z.union([z.number(), z.string(), z.boolean(), z.null()])).optional(),
  prediction: z.union([z.number(), z.string(), z.boolean(), z.null()]).optional(),
  score: z.number().min(0).max(1).nullish().describe('Probability of the positive class.'),
  scores: z.record(z.string(), z.number()).optional().describe('Probability by class.'),
  latency_ms: z.number().min(0).nullish(),
  status: z.string().max(64).optional().describe('"ok" (default), "error" or any other word.'),
  segment: z.string().optional().describe('Short for segments: {"segment": …}.'),
  segments: z.record(z.string(), z.string()).optional(),
  trace_id: z.string().optional(),
  pod: z.string().optional(),
  node: z.string().optional(),
});

const label = z.looseObject({
  prediction_id: z.string().min(1).max(128),
  label: z.union([z.number(), z.string(), z.boolean()]),
  label_ts: time.optional().describe('When the outcome was known; "ts" means the same.'),
  model: name.optional(),
});

const business = z.looseObject({
  ts: time,
  metric: z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/),
  value: z.number(),
  model: name.optional(),
  labels: labels.optional(),
});

const event = z.looseObject({
  ts: time,
  kind: z.enum(['deploy', 'rollout', 'retrain', 'backfill', 'config', 'node', 'other']),
  title: z.string().min(1).max(1024),
  model: name.optional(),
  version: z.string().max(128).optional(),
  url: z.string().max(2048).optional(),
  labels: labels.optional(),
});

/**
 * Describes the body of each ingest path for the OpenAPI document. Nothing is checked with it: the database parses
 * and judges each line, so that one bad record costs one record.
 */
export const recordSchemas: Readonly<Record<RecordKind, z.ZodType>> = {
  predictions: z.union([prediction, z.array(prediction)]),
  labels: z.union([label, z.array(label)]),
  business: z.union([business, z.array(business)]),
  events: z.union([event, z.array(event)]),
};
