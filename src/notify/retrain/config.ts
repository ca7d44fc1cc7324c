import { z } from 'zod';
import { durationField } from '../../core/duration-field.ts';
import { retrainTargetSchema } from './registry.ts';

/** The configuration `models[].retrain`: when and where retraining is asked for. */
export const retrainSchema = z.strictObject({
  target: retrainTargetSchema.describe('The training system that is asked.'),
  cooldown: durationField().default(86_400_000).describe('At least this long between two requests.'),
  budget_per_month: z.number().int().min(1).default(4).describe('So many requests in thirty days at most.'),
  min_fresh_labels: z.number().int().min(0).default(1000).describe('So many labels must have come within fresh_for.'),
  fresh_for: durationField().default(2_592_000_000),
  persist_windows: z
    .number()
    .int()
    .min(1)
    .max(20)
    .default(2)
    .describe('So many closed drift windows in a row must be moderate or above.'),
  importance: z
    .number()
    .gt(0)
    .max(1)
    .default(0.3)
    .describe(
      'The share of importance that drifted features must carry; without stated importances all carry the same.',
    ),
  performance_alerts: z
    .array(z.string())
    .default(['QualityBelowObjective'])
    .describe('Alerts that say that measured or estimated performance has fallen.'),
  blocking_alerts: z
    .array(z.string())
    .default(['FeaturePipelineBroken', 'MissingValuesSpike', 'UnseenValuesSpike', 'BlindWhileServing'])
    .describe('Alerts about data quality; while one is open nobody should train.'),
  approval: z.boolean().default(false).describe('A person must approve each request: POST /v1/retrain/:id/approve.'),
  watch_for: durationField().default(1_209_600_000).describe('How long a new version is waited for after a request.'),
});

export type RetrainConfig = z.infer<typeof retrainSchema>;
