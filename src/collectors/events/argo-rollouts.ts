import { z } from 'zod';
import { ignored, labelsFrom, momentOf, type Reading } from './change.ts';
import { unreadable } from './unreadable.ts';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);
const REVISION = 'rollout.argoproj.io/revision';

const rolloutSchema = z.object({
  metadata: z.object({
    name: z.string().min(1),
    namespace: text,
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  status: z.object({ phase: text, message: text, currentPodHash: text, abort: z.boolean().nullish() }).optional(),
});

const bodySchema = z.object({
  rollout: z.union([z.string().min(1), rolloutSchema], { error: 'must be the name of the rollout or the rollout' }),
  namespace: text,
  revision: z.union([z.string(), z.number()]).nullish(),
  phase: text,
  weight: z.union([z.string(), z.number()]).nullish(),
  at: z.union([z.string(), z.number()]).nullish(),
  url: text,
  model: text,
  version: text,
});

const PHASES: Readonly<Record<string, string>> = {
  Progressing: 'progresses',
  Paused: 'is paused',
  Healthy: 'is complete',
  Degraded: 'was aborted',
};

/**
 * Reads what a template of Argo Rollouts notifications sends: {"rollout","namespace","revision","phase"} with rollout
 * as name, or the whole rollout. Each phase is a change.
 */
export function readArgoRollouts(body: unknown): Reading {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) return unreadable(parsed.error);
  const { rollout, ...flat } = parsed.data;
  const whole = typeof rollout === 'string' ? undefined : rollout;
  const name = typeof rollout === 'string' ? rollout : rollout.metadata.name;
  const namespace = flat.namespace ?? whole?.metadata.namespace;
  const phase = flat.phase ?? whole?.status?.phase ?? 'Healthy';
  const verb = PHASES[phase];
  if (verb === undefined) return ignored(`phase ${phase} is not known`);
  const revision = flat.revision?.toString() ?? whole?.metadata.annotations?.[REVISION];
  return {
    is: 'change',
    change: {
      ts: momentOf(flat.at),
      kind: 'rollout',
      title: `Rollout ${name}${revision === undefined ? '' : ` revision ${revision}`} ${verb}`,
      version: flat.version,
      url: flat.url,
      labels: labelsFrom({
        source: 'argo-rollouts',
        argo_rollout: name,
        namespace,
        revision,
        phase,
        weight: flat.weight?.toString(),
        pod_hash: whole?.status?.currentPodHash,
      }),
      model: flat.model,
      subject: { argo_rollout: namespace === undefined ? name : `${namespace}/${name}` },
    },
  };
}
