import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainBody } from './retrain-body.ts';
import { baseOf, httpUrl, RATE, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const githubSettings = z.strictObject({
  type: z.literal('github'),
  url: httpUrl.default('https://api.github.com'),
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'must be owner/name'),
  token: secretText,
  event_type: z.string().min(1).max(100).default('model-drift'),
  timeout_seconds: timeoutSeconds,
});

/**
 * Returns the target that sends a repository_dispatch; GitHub does not tell repeated requests apart, the workflow can by
 * `client_payload.request_id`.
 *
 * @see GitHub REST API 2022-11-28, create a repository dispatch event (at most ten keys in client_payload)
 */
export function createGithubTarget(
  settings: z.infer<typeof githubSettings>,
  { id, fetch }: TargetOptions,
): RetrainTarget {
  return {
    id,
    rate: RATE,
    start: (message, signal) =>
      postJson({
        url: `${baseOf(settings.url)}/repos/${settings.repository}/dispatches`,
        body: JSON.stringify({ event_type: settings.event_type, client_payload: retrainBody(message) }),
        headers: {
          authorization: `Bearer ${settings.token}`,
          accept: 'application/vnd.github+json',
          'x-github-api-version': '2022-11-28',
          'user-agent': 'plumbline',
        },
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [settings.token],
      }),
  };
}
