import { z } from 'zod';
import { pagerDutySettings } from './pagerduty.ts';

/** The configuration `notify`: whom to tell. */
export const notifyConfigSchema = z.strictObject({
  pagerduty: pagerDutySettings.optional().describe('PagerDuty Events API v2.'),
});

export type NotifyConfig = z.infer<typeof notifyConfigSchema>;
