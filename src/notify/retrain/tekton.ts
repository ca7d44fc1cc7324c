import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainBody, RETRAIN_TYPE } from './retrain-body.ts';
import { httpUrl, RATE, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const tektonSettings = z.strictObject({
  type: z.literal('tekton'),
  url: httpUrl.describe('Address of the event listener.'),
  token: secretText.optional(),
  timeout_seconds: timeoutSeconds,
});

/** Returns the target that posts to an event listener; its CEL interceptor filters `body.type`. @see Tekton Triggers, event listeners */
export function createTektonTarget(
  settings: z.infer<typeof tektonSettings>,
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
