import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainBody, RETRAIN_TYPE } from './retrain-body.ts';
import { httpUrl, RATE, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const argoEventsSettings = z.strictObject({
  type: z.literal('argo_events'),
  url: httpUrl.describe('Address of the webhook event source with its endpoint.'),
  token: secretText.optional(),
  timeout_seconds: timeoutSeconds,
});

/** Returns the target that posts to a webhook event source; a sensor reads `body.data.model`. @see Argo Events, webhook event source */
export function createArgoEventsTarget(
  settings: z.infer<typeof argoEventsSettings>,
  { id, fetch }: TargetOptions,
): RetrainTarget {
  const { token } = settings;
  return {
    id,
    rate: RATE,
    start: (message, signal) =>
      postJson({
        url: settings.url,
        body: JSON.stringify({ type: RETRAIN_TYPE, id: message.id, data: retrainBody(message) }),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [token ?? ''],
      }),
  };
}
