import { z } from 'zod';
import { ignored, labelsFrom, momentOf, type Reading } from './change.ts';
import { unreadable } from './unreadable.ts';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);

const applicationSchema = z.object({
  metadata: z.object({ name: z.string().min(1), namespace: text }),
  spec: z.object({ project: text, destination: z.object({ namespace: text }).optional() }).optional(),
  status: z
    .object({
      sync: z.object({ revision: text }).optional(),
      operationState: z.object({ phase: text, finishedAt: text, startedAt: text, message: text }).optional(),
      health: z.object({ status: text }).optional(),
      summary: z.object({ images: z.array(z.string()).nullish() }).optional(),
    })
    .optional(),
});

const bodySchema = z.object({
  app: z.union([z.string().min(1), applicationSchema], {
    error: 'must be the name of the application or the application',
  }),
  revision: text,
  phase: text,
  project: text,
  namespace: text,
  image: text,
  at: z.union([z.string(), z.number()]).nullish(),
  url: text,
  model: text,
  version: text,
});

const PHASES: Readonly<Record<string, string>> = { Succeeded: 'deployed', Failed: 'failed', Error: 'failed' };

/**
 * Reads what a template of Argo CD notifications sends: {"app","revision","phase"} with app as name, or the whole
 * application. Operations that have ended are changes.
 */
export function readArgoCd(body: unknown): Reading {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) return unreadable(parsed.error);
  const { app, ...flat } = parsed.data;
  const application = typeof app === 'string' ? undefined : app;
  const name = typeof app === 'string' ? app : app.metadata.name;
  const operation = application?.status?.operationState;
  const phase = flat.phase ?? operation?.phase ?? 'Succeeded';
  const verb = PHASES[phase];
  if (verb === undefined) return ignored(`phase ${phase} is not the end of an operation`);
  const revision = flat.revision ?? application?.status?.sync?.revision;
  return {
    is: 'change',
    change: {
      ts: momentOf(flat.at) ?? momentOf(operation?.finishedAt),
      kind: 'deploy',
      title: `Argo CD ${verb} ${name}${revision === undefined ? '' : ` at ${revision.slice(0, 12)}`}`,
      version: flat.version,
      url: flat.url,
      labels: labelsFrom({
        source: 'argo-cd',
        argo_application: name,
        revision,
        phase,
        project: flat.project ?? application?.spec?.project,
        namespace: flat.namespace ?? application?.spec?.destination?.namespace,
        health: application?.status?.health?.status,
        image: flat.image ?? application?.status?.summary?.images?.[0],
      }),
      model: flat.model,
      subject: { argo_application: name },
    },
  };
}
