import { z } from 'zod';

/** Fields that every receiver of messages has in the configuration. */
export const targetFields = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .optional()
    .describe('Name of the receiver in logs, metrics and `actions: [webhook:<name>]`; needed when there are several.'),
  actions: z
    .array(z.enum(['page', 'notify']))
    .default(['page', 'notify'])
    .describe('Which actions of rules it carries out.'),
  timeout_seconds: z.number().min(0.05).max(60).default(10).describe('How long one attempt may take.'),
} as const;
