import { z } from 'zod';
import type { Delivery, RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainBody } from './retrain-body.ts';
import { baseOf, httpUrl, RATE, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const kubeflowSettings = z.strictObject({
  type: z.literal('kubeflow'),
  url: httpUrl.describe('Address of the Pipelines API without path.'),
  experiment_id: z.string().default(''),
  pipeline_id: z.string().min(1),
  pipeline_version_id: z.string().min(1),
  parameters: z.record(z.string(), z.string()).default({}).describe('More parameters of the run.'),
  token: secretText.optional(),
  timeout_seconds: timeoutSeconds,
});

const runsSchema = z.object({ runs: z.array(z.object({ display_name: z.string() })).optional() });

/**
 * Returns the target that starts a run of Kubeflow Pipelines 2. The API does not tell repeated requests apart, so a run
 * of the same display name is looked for first.
 *
 * @see Kubeflow Pipelines v2beta1, POST /apis/v2beta1/runs
 */
export function createKubeflowTarget(
  settings: z.infer<typeof kubeflowSettings>,
  { id, fetch }: TargetOptions,
): RetrainTarget {
  const { token } = settings;
  const headers: Readonly<Record<string, string>> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const runs = `${baseOf(settings.url)}/apis/v2beta1/runs`;
  const timeoutMs = settings.timeout_seconds * 1000;
  const isStarted = async (name: string, signal: AbortSignal): Promise<boolean> => {
    const filter = JSON.stringify({ predicates: [{ key: 'name', operation: 'EQUALS', string_value: name }] });
    const query = new URLSearchParams({ experiment_id: settings.experiment_id, page_size: '10', filter });
    const response = await fetch(`${runs}?${query.toString()}`, {
      headers: { ...headers },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return false;
    }
    const found = runsSchema.safeParse(await response.json());
    return found.success && (found.data.runs ?? []).some((run) => run.display_name === name);
  };
  return {
    id,
    rate: RATE,
    start: async (message, signal): Promise<Delivery> => {
      const name = `retrain ${message.model} (${message.id})`;
      if (await isStarted(name, signal)) return { ok: true };
      const { evidence: _, ...texts } = retrainBody(message);
      return postJson({
        url: `${runs}?${new URLSearchParams({ experiment_id: settings.experiment_id }).toString()}`,
        body: JSON.stringify({
          display_name: name,
          pipeline_version_reference: {
            pipeline_id: settings.pipeline_id,
            pipeline_version_id: settings.pipeline_version_id,
          },
          runtime_config: { parameters: { ...settings.parameters, ...texts } },
        }),
        headers,
        timeoutMs,
        signal,
        fetch,
        secrets: [token ?? ''],
      });
    },
  };
}
