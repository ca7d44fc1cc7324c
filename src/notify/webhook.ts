import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Notifier } from './notifier.ts';
import { type Fetch, postJson, urlSecrets } from './post-json.ts';
import { targetFields } from './target-fields.ts';

/** A secret of Standard Webhooks: `whsec_` and the base64 of 24 to 64 bytes. */
export const webhookSecret = z
  .string()
  .refine((text) => isSecret(text), 'must be whsec_ followed by the base64 of 24 to 64 bytes');

/** Settings of one entry of `notify.webhooks`. */
export const webhookSettings = z.strictObject({
  ...targetFields,
  name: targetFields.name.unwrap(),
  url: z.url({ protocol: /^https?$/ }).describe('Where to post. It may hold a secret; it is never logged.'),
  secret: webhookSecret.optional().describe('Signs every message (Standard Webhooks). Give it as ${ENV} or file:.'),
});

export type WebhookSettings = z.infer<typeof webhookSettings>;

/**
 * Returns the notifier that posts each message as JSON, signed when a secret is set. `webhook-id` stays the same when a
 * message is sent again.
 *
 * @see Standard Webhooks specification 1.0
 */
export function createWebhookNotifier(options: {
  readonly settings: WebhookSettings;
  readonly fetch: Fetch;
  readonly clock: Clock;
}): Notifier {
  const { settings, fetch, clock } = options;
  return {
    id: settings.name,
    rate: { perSecond: 5, burst: 20 },
    deliver: (message, signal) => {
      const { recentMs: _, ...told } = message;
      const type = message.action === 'resolve' ? 'plumbline.alert.resolved' : 'plumbline.alert.firing';
      const timestamp = new Date(message.atMs).toISOString();
      const body = JSON.stringify({ type, timestamp, data: told });
      return postJson({
        url: settings.url,
        body,
        headers: signatureHeaders({
          secret: settings.secret,
          id: webhookId([message.episode, message.dedupKey, message.action]),
          body,
          nowMs: clock.now(),
        }),
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [...urlSecrets(settings.url), settings.secret ?? ''],
      });
    },
  };
}

/** Returns the id of a message that is the same whenever it is sent. */
export function webhookId(parts: readonly string[]): string {
  return `msg_${createHash('sha256').update(parts.join('\u0000')).digest('base64url').slice(0, 32)}`;
}

/** Returns the headers of Standard Webhooks for a body; without a secret only its id and time. */
export function signatureHeaders(message: {
  readonly secret: string | undefined;
  readonly id: string;
  readonly body: string;
  /** Time of the attempt, epoch ms. */
  readonly nowMs: number;
}): Readonly<Record<string, string>> {
  const { secret, id, body, nowMs } = message;
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(nowMs / 1000)) };
  if (secret === undefined) return headers;
  return { ...headers, 'webhook-signature': new Webhook(secret).sign(id, new Date(nowMs), body) };
}

function isSecret(text: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const bytes = Buffer.from(base64 ?? '', 'base64').length;
  return bytes >= 24 && bytes <= 64;
}
