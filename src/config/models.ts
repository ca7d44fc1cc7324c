import { z } from 'zod';
import { duration, instant, nameSchema, regexSchema } from './fields.ts';

const fixedReference = z.strictObject({
  kind: z.literal('fixed'),
  from: instant().describe('Start of the reference, inclusive.'),
  to: instant().describe('End of the reference, exclusive.'),
});
const trailingReference = z.strictObject({
  kind: z.literal('trailing'),
  window: duration()
    .default(604_800_000)
    .describe('How far back the reference reaches, ending where the current window begins.'),
});
const previousReference = z.strictObject({ kind: z.literal('previous') });
const sameHourReference = z.strictObject({
  kind: z.literal('same-hour-last-week'),
  weeks: z.number().int().min(1).max(26).default(4).describe('How many weeks back the same hour is taken from.'),
});
const versionReference = z.strictObject({
  kind: z.literal('version'),
  version: nameSchema.describe('The version whose predictions of the same minutes are the reference.'),
});

export const referenceSchema = z.discriminatedUnion('kind', [
  fixedReference,
  trailingReference,
  previousReference,
  sameHourReference,
  versionReference,
]);

/** What the windows of a model are compared with. */
export type ReferenceSpec = z.infer<typeof referenceSchema>;

export const driftSchema = z.strictObject({
  window: duration()
    .default(3_600_000)
    .describe('Length of the tumbling window at whose end a verdict is taken; 5 minutes or more.'),
  false_alarms_per_month: z.number().positive().max(1000).default(1).describe('The false-alarm budget of the model.'),
  min_rows: z.number().int().min(1).default(100).describe('Fewer predictions than this in a window give no verdict.'),
  features: z.array(z.string()).optional().describe('The features to watch; default all.'),
});

export const modelSchema = z.strictObject({
  name: nameSchema,
  owner: z.string().optional().describe('Team or person who is paged.'),
  task: z.enum(['classification', 'regression']).optional().describe('Inferred from the labels when absent.'),
  slo: z
    .strictObject({
      latency_p99_seconds: z.number().positive().optional(),
      latency_p95_seconds: z.number().positive().optional(),
      latency_p50_seconds: z.number().positive().optional(),
      error_ratio: z.number().min(0).max(1).optional(),
      accuracy: z.number().min(0).max(1).optional(),
      auc: z.number().min(0).max(1).optional(),
      mae: z.number().positive().optional(),
    })
    .prefault({})
    .describe('Objectives; each is also the signal slo_<name>.'),
  features: z
    .record(
      z.string(),
      z.strictObject({ importance: z.number().min(0).optional(), kind: z.enum(['numeric', 'categorical']).optional() }),
    )
    .optional()
    .describe('What is known of the features; all others are inferred.'),
  reference: referenceSchema.optional().describe('Default: trailing seven days, until one is set.'),
  drift: driftSchema.prefault({}),
  labels: z
    .strictObject({
      horizon: duration()
        .default(7 * 86_400_000)
        .describe('How long labels may take; quality is measured on predictions this recent.'),
    })
    .prefault({}),
  staleness: z.strictObject({ trained_at: instant().describe('When the serving version was trained.') }).optional(),
  gpu: z
    .strictObject({
      pod: regexSchema.optional().describe('Regular expression for the whole name of the pods that serve the model.'),
      namespace: regexSchema.optional(),
      labels: z.record(z.string(), regexSchema).optional(),
    })
    .optional()
    .describe('Which GPU series belong to the model.'),
  value_per_prediction: z.number().optional(),
  rules: z
    .record(z.string(), z.record(z.string(), z.number()))
    .optional()
    .describe('Thresholds of rules for this model: {AlertName: {signal: number}}.'),
});

export type ModelConfig = z.infer<typeof modelSchema>;
