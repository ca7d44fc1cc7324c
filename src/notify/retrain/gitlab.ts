import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainBody } from './retrain-body.ts';
import { baseOf, httpUrl, RATE, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const gitlabSettings = z.strictObject({
  type: z.literal('gitlab'),
  url: httpUrl.default('https://gitlab.com'),
  project: z.string().min(1).describe('Number or path of the project.'),
  ref: z.string().min(1).default('main'),
  token: secretText.describe('Trigger token of the pipeline. Give it as ${ENV} or file:.'),
  timeout_seconds: timeoutSeconds,
});

/**
 * Returns the target that triggers a pipeline; GitLab does not tell repeated requests apart, the pipeline can by
 * REQUEST_ID.
 *
 * @see GitLab API, POST /projects/{id}/trigger/pipeline
 */
export function createGitlabTarget(
  settings: z.infer<typeof gitlabSettings>,
  { id, fetch }: TargetOptions,
): RetrainTarget {
  return {
    id,
    rate: RATE,
    start: (message, signal) => {
      const body = retrainBody(message);
      return postJson({
        url: `${baseOf(settings.url)}/api/v4/projects/${encodeURIComponent(settings.project)}/trigger/pipeline`,
        body: new URLSearchParams({
          token: settings.token,
          ref: settings.ref,
          'variables[MODEL]': body.model,
          'variables[MODEL_VERSION]': body.version,
          'variables[REQUEST_ID]': body.request_id,
          'variables[REASON]': body.reason,
          'variables[EVIDENCE]': JSON.stringify(body.evidence),
        }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [settings.token],
      });
    },
  };
}
