import { z } from 'zod';
import { alertmanagerSettings } from './alertmanager.ts';
import { pagerDutySettings } from './pagerduty.ts';
import { slackSettings } from './slack.ts';
import { webhookSettings } from './webhook.ts';

/** The part of the configuration `notify` that says where messages go. */
export const notifyConfigSchema = z.strictObject({
  pagerduty: oneOrMany(pagerDutySettings).default([]).describe('PagerDuty Events API v2; one service or a list.'),
  alertmanager: oneOrMany(alertmanagerSettings).default([]).describe('Alertmanager API v2; one or a list.'),
  slack: oneOrMany(slackSettings).default([]).describe('Incoming webhooks in the form of Slack; one or a list.'),
  webhooks: z.array(webhookSettings).default([]).describe('Signed JSON to any address.'),
});

export type NotifyConfig = z.infer<typeof notifyConfigSchema>;

/** Takes one value or a list of them; a list after parsing. */
function oneOrMany<T extends z.ZodType>(schema: T) {
  return z
    .union([schema, z.array(schema)])
    .transform((value): z.output<T>[] => (Array.isArray(value) ? value : [value]));
}
