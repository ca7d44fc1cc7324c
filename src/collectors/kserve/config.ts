import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 500ms, 30s or 1m' });
  return z.NEVER;
});

const name = z.string().regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'must match ^[A-Za-z0-9_.:/-]{1,128}$');

const mappingSchema = z.strictObject({
  service: z.string().min(1).describe('Name of the InferenceService or SeldonDeployment that this is about.'),
  namespace: z.string().min(1).optional().describe('Only in this namespace.'),
  component: z.string().min(1).optional().describe('Only this component: predictor, transformer or explainer.'),
  model: name
    .optional()
    .describe('Model name of the records; default: the service, with /<component> for other components.'),
  version: name.optional().describe('Model version of the records, whatever the events say.'),
  prediction: z.string().min(1).optional().describe('Output that is the prediction.'),
  score: z.string().min(1).optional().describe('Output that is the probability of the positive class, or of each.'),
  classes: z.array(z.string().min(1)).min(2).max(1000).optional().describe('Names of the classes, in their order.'),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('The prediction is 1 where the score reaches this, else 0; for models that answer only a probability.'),
  features: z
    .array(z.string().min(1).max(256))
    .max(1000)
    .optional()
    .describe('Names of the features of instances that are arrays; default f0, f1 and so on.'),
  parts: z
    .enum(['both', 'request', 'response'])
    .default('both')
    .describe('What the payload logger sends (its mode); with one part nothing is waited for.'),
});

/** The configuration `collectors.kserve`: payload logger events of KServe, Knative and Seldon Core 1. */
export const kserveConfigSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('False removes POST /v1/kserve.'),
  join_timeout: duration
    .prefault('60s')
    .describe('How long a request waits for its response, and the other way round, before it is stored alone.'),
  max_pending: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe('Most events that wait for their other half; beyond that the oldest are stored alone.'),
  max_pending_bytes: z.int().min(1024).default(134_217_728).describe('Most bytes of payloads that wait likewise.'),
  max_body_bytes: z
    .int()
    .min(1024)
    .max(268_435_456)
    .default(4_194_304)
    .describe('Largest payload that is read, unzipped; of larger ones only the fact is stored.'),
  max_batch_bytes: z.int().min(1024).max(1_073_741_824).default(33_554_432).describe('Largest body of a batch.'),
  max_queue_bytes: z
    .int()
    .min(1024)
    .default(67_108_864)
    .describe('Most bytes of events that wait to be read; beyond that events are dropped and counted.'),
  models: z.array(mappingSchema).default([]).describe('How events become records; the first entry that fits counts.'),
});

export type KserveConfig = z.infer<typeof kserveConfigSchema>;
export type PayloadMapping = KserveConfig['models'][number];
