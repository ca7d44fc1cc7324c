import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { postJson } from '../post-json.ts';
import { retrainBody } from './retrain-body.ts';
import { baseOf, httpUrl, RATE, secretText, type TargetOptions, timeoutSeconds } from './target-options.ts';

export const airflowSettings = z.strictObject({
  type: z.literal('airflow'),
  url: httpUrl,
  dag: z.string().regex(/^[\w.~-]{1,250}$/),
  version: z
    .union([z.literal(2), z.literal(3)])
    .default(3)
    .describe('Major version of Airflow.'),
  token: secretText.optional().describe('Bearer token (JWT) of Airflow 3.'),
  username: z.string().optional().describe('Basic authentication of Airflow 2.'),
  password: secretText.optional(),
  timeout_seconds: timeoutSeconds,
});

/**
 * Returns the target that triggers a DAG under a run id made of the request: 409 means that it was triggered before.
 *
 * @see Airflow 3 POST /api/v2/dags/{dag}/dagRuns, Airflow 2 POST /api/v1/dags/{dag}/dagRuns
 */
export function createAirflowTarget(
  settings: z.infer<typeof airflowSettings>,
  { id, fetch }: TargetOptions,
): RetrainTarget {
  const { version, token, username, password } = settings;
  const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
  const authorization = token === undefined ? `Basic ${basic}` : `Bearer ${token}`;
  const hasLogin = token !== undefined || username !== undefined;
  return {
    id,
    rate: RATE,
    start: (message, signal) => {
      const run = { dag_run_id: `drift__${message.id}`, conf: retrainBody(message) };
      return postJson({
        url: `${baseOf(settings.url)}/api/v${version === 3 ? 2 : 1}/dags/${settings.dag}/dagRuns`,
        // Airflow 3 wants the key even when there is no date.
        body: JSON.stringify(version === 3 ? { ...run, logical_date: null } : run),
        headers: hasLogin ? { authorization } : {},
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [token ?? '', password ?? '', basic],
        doneStatuses: [409],
      });
    },
  };
}
