import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { createEventTarget } from './event-target.ts';
import { httpUrl, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const tektonSettings = z.strictObject({
  type: z.literal('tekton'),
  url: httpUrl.describe('Address of the event listener.'),
  token: secretText.optional(),
  timeout_seconds: timeoutSeconds,
});

/** Returns the target that posts to an event listener; its CEL interceptor filters `body.type`. @see Tekton Triggers, event listeners */
export function createTektonTarget(settings: z.infer<typeof tektonSettings>, options: TargetOptions): RetrainTarget {
  return createEventTarget(settings, options);
}
