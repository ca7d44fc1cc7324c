import type { RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainBody, RETRAIN_TYPE } from './retrain-body.ts';
import { RATE, type TargetOptions } from './target-options.ts';

/** Returns a target that posts `{type, id, data}` as JSON to an address, with a bearer token when there is one. */
export function createEventTarget(
  settings: { readonly url: string; readonly token?: string | undefined; readonly timeout_seconds: number },
  { id, fetch }: TargetOptions,
): RetrainTarget {
  const { url, token, timeout_seconds: timeoutSeconds } = settings;
  return {
    id,
    rate: RATE,
    start: (message, signal) =>
      postJson({
        url,
        body: JSON.stringify({ type: RETRAIN_TYPE, id: message.id, data: retrainBody(message) }),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        timeoutMs: timeoutSeconds * 1000,
        signal,
        fetch,
        secrets: [token ?? ''],
      }),
  };
}
