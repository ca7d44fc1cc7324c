import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { postJson, urlSecrets } from '../post-json.ts';
import { signatureHeaders, webhookSecret } from '../webhook.ts';
import { retrainEvent } from './retrain-body.ts';
import { httpUrl, RATE, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const cloudeventsSettings = z.strictObject({
  type: z.literal('cloudevents'),
  url: httpUrl,
  secret: webhookSecret.optional().describe('Signs every request (Standard Webhooks). Give it as ${ENV} or file:.'),
  timeout_seconds: timeoutSeconds,
});

/** Returns the target that takes a structured CloudEvent over HTTP, signed as Standard Webhooks. `webhook-id` is the id of the request. */
export function createCloudeventsTarget(
  settings: z.infer<typeof cloudeventsSettings>,
  { id, fetch, clock }: TargetOptions,
): RetrainTarget {
  return {
    id,
    rate: RATE,
    start: (message, signal) => {
      const body = JSON.stringify(retrainEvent(message));
      const { secret } = settings;
      return postJson({
        url: settings.url,
        body,
        headers: {
          'content-type': 'application/cloudevents+json; charset=utf-8',
          ...signatureHeaders({ secret, id: `msg_${message.id}`, body, nowMs: clock.now() }),
        },
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [...urlSecrets(settings.url), secret ?? ''],
      });
    },
  };
}
