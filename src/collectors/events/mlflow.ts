import { z } from 'zod';
import { ignored, labelsFrom, momentOf, type Reading } from './change.ts';
import { unreadable } from './unreadable.ts';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);

const bodySchema = z.object({
  entity: z.string(),
  action: z.string(),
  timestamp: z.union([z.string(), z.number()]).nullish(),
  data: z.object({
    name: z.string().min(1),
    version: z.union([z.string(), z.number()]).nullish(),
    alias: text,
    run_id: text,
    source: text,
  }),
});

/** Reads a webhook of the MLflow registry: new versions and moved aliases are changes. */
export function readMlflow(body: unknown): Reading {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) return unreadable(parsed.error);
  const { entity, action, timestamp, data } = parsed.data;
  const version = data.version?.toString();
  const what = CHANGES[`${entity}.${action}`];
  if (what === undefined) return ignored(`${entity}.${action} is no change`);
  return {
    is: 'change',
    change: {
      ts: momentOf(timestamp),
      kind: what.kind,
      title: what.title({ name: data.name, version: version ?? '?', alias: data.alias ?? '?' }),
      version,
      url: undefined,
      labels: labelsFrom({
        source: 'mlflow',
        mlflow_model: data.name,
        alias: data.alias,
        run_id: data.run_id,
        event: `${entity}.${action}`,
      }),
      model: undefined,
      subject: { mlflow_model: data.name },
    },
  };
}

interface Named {
  readonly name: string;
  readonly version: string;
  readonly alias: string;
}

const CHANGES: Readonly<
  Record<string, { readonly kind: 'retrain' | 'deploy' | 'config'; readonly title: (named: Named) => string }>
> = {
  'model_version.created': { kind: 'retrain', title: ({ name, version }) => `MLflow registered ${name} ${version}` },
  'model_version_alias.created': {
    kind: 'deploy',
    title: ({ name, version, alias }) => `MLflow alias ${alias} of ${name} is version ${version}`,
  },
  'model_version_alias.deleted': {
    kind: 'config',
    title: ({ name, alias }) => `MLflow alias ${alias} of ${name} was removed`,
  },
};
