import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { createEventTarget } from './event-target.ts';
import { httpUrl, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const argoEventsSettings = z.strictObject({
  type: z.literal('argo_events'),
  url: httpUrl.describe('Address of the webhook event source with its endpoint.'),
  token: secretText.optional(),
  timeout_seconds: timeoutSeconds,
});

/** Returns the target that posts to a webhook event source; a sensor reads `body.data.model`. @see Argo Events, webhook event source */
export function createArgoEventsTarget(
  settings: z.infer<typeof argoEventsSettings>,
  options: TargetOptions,
): RetrainTarget {
  return createEventTarget(settings, options);
}
