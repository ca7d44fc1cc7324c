import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainName } from './retrain-body.ts';
import { baseOf, httpUrl, RATE, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const argoWorkflowsSettings = z.strictObject({
  type: z.literal('argo_workflows'),
  url: httpUrl,
  namespace: z.string().regex(/^[a-z0-9-]{1,63}$/),
  template: z.string().min(1).describe('Name of the WorkflowTemplate.'),
  parameters: z.record(z.string(), z.string()).default({}).describe('More parameters of the workflow.'),
  token: secretText.optional(),
  timeout_seconds: timeoutSeconds,
});

/**
 * Returns the target that submits a WorkflowTemplate under a name made of the request: a second submit is refused with
 * 409, which means that it runs already.
 *
 * @see Argo Workflows, POST /api/v1/workflows/{namespace}/submit
 */
export function createArgoWorkflowsTarget(
  settings: z.infer<typeof argoWorkflowsSettings>,
  { id, fetch }: TargetOptions,
): RetrainTarget {
  const { token, namespace } = settings;
  return {
    id,
    rate: RATE,
    start: (message, signal) => {
      const { id: request_id, model, version, reason } = message;
      const parameters = { ...settings.parameters, model, version, request_id, reason };
      return postJson({
        url: `${baseOf(settings.url)}/api/v1/workflows/${namespace}/submit`,
        body: JSON.stringify({
          resourceKind: 'WorkflowTemplate',
          resourceName: settings.template,
          submitOptions: {
            name: retrainName(message),
            labels: `app=plumbline,trigger=drift,request=${request_id}`,
            parameters: Object.entries(parameters).map(([name, value]) => `${name}=${value}`),
          },
        }),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [token ?? ''],
        doneStatuses: [409],
      });
    },
  };
}
