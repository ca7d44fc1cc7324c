import { z } from 'zod';
import { durationMs } from '../prometheus/fields.ts';

/** The configuration `collectors.opencost`: the allocation API of OpenCost or Kubecost, in US dollars. */
export const opencostConfigSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe('The allocation API: http://opencost:9003/allocation, or http://kubecost:9090/model/allocation.'),
  label: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a label of pods as Prometheus writes it')
    .default('serving_kserve_io_inferenceservice')
    .describe('Label of pods by which costs are split; its value is the model, unless models[].serving maps it.'),
  window: z
    .string()
    .regex(/^\d+[mhd]$/, 'must be a window such as 30m, 1h or 1d')
    .default('1h')
    .describe('How far back the costs of an hour are averaged.'),
  interval: durationMs.prefault('5m').describe('Time between two questions.'),
  timeout: durationMs.prefault('30s').describe('How long an answer may take.'),
  bearer: z.string().min(1).optional().describe('Bearer token; give it as ${ENV_NAME} or file:/path, never literally.'),
});

export type OpencostConfig = z.infer<typeof opencostConfigSchema>;
