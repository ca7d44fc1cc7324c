import { z } from 'zod';
import type { AlertMessage } from '../store/queries/outbox.ts';
import { cut } from './cut.ts';
import type { Notifier } from './notifier.ts';
import { type Fetch, postJson, urlSecrets } from './post-json.ts';
import { targetFields } from './target-fields.ts';

/** Settings of `notify.slack`. */
export const slackSettings = z.strictObject({
  ...targetFields,
  url: z
    .url({ protocol: /^https?$/ })
    .describe('Incoming webhook of Slack, Mattermost or another that takes {"text"}. It is a secret: ${ENV} or file:.'),
});

export type SlackSettings = z.infer<typeof slackSettings>;

const TEXT_LIMIT = 3000;

/**
 * Returns the notifier for incoming webhooks in the form of Slack: one text a message.
 *
 * @see Slack, incoming webhooks (about one message a second and channel)
 */
export function createSlackNotifier(options: {
  readonly settings: SlackSettings;
  readonly fetch: Fetch;
  readonly id?: string;
}): Notifier {
  const { settings, fetch, id = 'slack' } = options;
  return {
    id,
    rate: { perSecond: 1, burst: 3 },
    deliver: (message, signal) =>
      postJson({
        url: settings.url,
        body: JSON.stringify({ text: slackText(message) }),
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: urlSecrets(settings.url),
      }),
  };
}

/** Returns the text for a message; what Slack would read as markup or a mention is escaped. */
export function slackText(message: AlertMessage): string {
  const { action, severity, alert, model, scopeKey, summary, conditions, runbook, dedupKey } = message;
  const head = action === 'resolve' ? 'RESOLVED' : severity.toUpperCase();
  const lines = [
    `*[${head}] ${escape(alert)}* ${escape(model === '' ? scopeKey : model)}`,
    escape(summary),
    ...(action === 'resolve' ? [] : conditions.map((condition) => `• ${escape(condition)}`)),
    ...message.links.map(({ text, href }) => `<${escape(href).replaceAll('|', '%7C')}|${escape(text)}>`),
    `Runbook: ${escape(runbook)} · ${escape(dedupKey)}`,
  ];
  return cut(lines.filter((line) => line !== '').join('\n'), TEXT_LIMIT);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
