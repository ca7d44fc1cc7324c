import { z } from 'zod';
import { deploysSchema } from '../collectors/events/config.ts';
import { mlflowRegistrySchema } from '../collectors/registry/config.ts';
import { retrainSchema } from '../notify/retrain/config.ts';
import { duration, instant, nameSchema, regexSchema } from './fields.ts';
import { floorsSchema } from './floors.ts';

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
  floors: floorsSchema.optional().describe('Where the levels of every feature start.'),
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
      z.strictObject({
        importance: z.number().min(0).optional(),
        kind: z.enum(['numeric', 'categorical']).optional(),
        floors: floorsSchema.optional().describe('Where the levels of this feature start.'),
      }),
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
  staleness: z
    .strictObject({
      trained_at: instant().optional().describe('When the serving version was trained.'),
      mlflow: mlflowRegistrySchema.optional().describe('The MLflow registry that knows when it was trained.'),
    })
    .refine((staleness) => (staleness.trained_at === undefined) !== (staleness.mlflow === undefined), {
      error: 'must have exactly one of trained_at and mlflow',
    })
    .optional()
    .describe('Where the signal model_age_seconds comes from.'),
  gpu: z
    .strictObject({
      pod: regexSchema.optional().describe('Regular expression for the whole name of the pods that serve the model.'),
      namespace: regexSchema.optional(),
      labels: z.record(z.string(), regexSchema).optional(),
    })
    .refine(saysSomething, 'must say pod, namespace or labels: an empty match would belong to no GPU')
    .optional()
    .describe('Which GPU series belong to the model; pod alone also claims the serving metrics of its pods.'),
  serving: z
    .strictObject({
      pod: regexSchema.optional().describe('Regular expression for the whole name of the pods.'),
      namespace: regexSchema.optional(),
      labels: z
        .record(z.string(), regexSchema)
        .optional()
        .describe('Regular expression for the whole value of labels, such as model_name, job or cluster_queue.'),
    })
    .refine(saysSomething, 'must say pod, namespace or labels: an empty match would belong to no series')
    .optional()
    .describe(
      "Which series of serving runtimes, meshes and schedulers are the model's, when their labels do not say it.",
    ),
  cost: z
    .strictObject({
      usd_per_hour: z.number().min(0).optional().describe('What serving the model costs an hour, all told.'),
      usd_per_gpu_hour: z.number().min(0).optional().describe('Price of one whole GPU for an hour.'),
    })
    .optional()
    .describe('Used when OpenCost or Kubecost does not say what the model costs.'),
  deploys: deploysSchema.optional(),
  retrain: retrainSchema.optional().describe('When and where retraining is asked for; never without it.'),
  value_per_prediction: z.number().optional(),
  rules: z
    .record(z.string(), z.record(z.string(), z.number()))
    .optional()
    .describe('Thresholds of rules for this model: {AlertName: {signal: number}}.'),
});

export type ModelConfig = z.infer<typeof modelSchema>;

function saysSomething(match: {
  readonly pod?: string | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}): boolean {
  return match.pod !== undefined || match.namespace !== undefined || Object.keys(match.labels ?? {}).length > 0;
}
