import { z } from 'zod';
import { durationMs } from '../prometheus/fields.ts';

/** The configuration `models[].staleness.mlflow`: where it is known when the serving version was trained. */
export const mlflowRegistrySchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe('Address of the MLflow server, without /api.'),
  name: z.string().min(1).optional().describe('Name of the registered model; default: the name of the model.'),
  alias: z
    .string()
    .min(1)
    .optional()
    .describe('Alias of the serving version, asked for when the version that predictions carry is not registered.'),
  token: z.string().min(1).optional().describe('Bearer token; give it as ${ENV_NAME} or file:PATH.'),
  username: z.string().min(1).optional().describe('For basic authentication.'),
  password: z.string().min(1).optional().describe('For basic authentication; give it as ${ENV_NAME} or file:PATH.'),
  interval: durationMs.prefault('5m').describe('How often the registry is asked.'),
  timeout: durationMs.prefault('10s').describe('How long one answer may take.'),
});

export type MlflowRegistryConfig = z.infer<typeof mlflowRegistrySchema>;

/** A model whose age a registry knows. */
export interface RegisteredModel {
  readonly model: string;
  readonly registry: MlflowRegistryConfig;
}
