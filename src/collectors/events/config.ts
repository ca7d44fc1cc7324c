import { z } from 'zod';

const secret = z.string().min(8).describe('Shared secret of the sender; give it as ${ENV_NAME} or file:PATH.');
const path = z.string().min(1).max(256);
const oneOrMany = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** Kinds of change events. */
export const EVENT_KINDS = ['deploy', 'rollout', 'retrain', 'backfill', 'config', 'node', 'other'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

const genericSchema = z.strictObject({
  secret: secret.optional(),
  secret_header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'must consist of letters, digits and -')
    .default('x-webhook-token')
    .describe('Header in which the sender gives the secret as it is, for example X-Gitlab-Token.'),
  id_header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'must consist of letters, digits and -')
    .default('idempotency-key')
    .describe('Header that names a delivery; without it the body does.'),
  kind: z.enum(EVENT_KINDS).default('deploy').describe('Kind of the events, unless `fields.kind` says otherwise.'),
  kinds: z
    .record(z.string(), z.enum(EVENT_KINDS))
    .default({})
    .describe('What the words at `fields.kind` mean, for example {LINK_ARTIFACT: deploy}.'),
  only: z
    .record(z.string(), oneOrMany)
    .default({})
    .describe('Takes only bodies whose value at a path is one of these; others are acknowledged and left out.'),
  title: z
    .string()
    .max(512)
    .optional()
    .describe('Title of the events; {path} is replaced by the value at that path of the body.'),
  fields: z
    .strictObject({
      ts: path.optional(),
      kind: path.optional(),
      title: path.optional(),
      model: path.optional(),
      version: path.optional(),
      url: path.optional(),
    })
    .prefault({})
    .describe('Paths of the values in the body, names joined by dots.'),
  labels: z.record(z.string().max(128), path).default({}).describe('Labels of the events: name to path in the body.'),
});

/** The configuration `collectors.events`: webhooks that tell of changes. */
export const eventsConfigSchema = z.strictObject({
  github: z.strictObject({ secret: secret.optional() }).prefault({}).describe('Webhooks of GitHub.'),
  mlflow: z.strictObject({ secret: secret.optional() }).prefault({}).describe('Webhooks of the MLflow registry.'),
  generic: z
    .record(z.string().regex(/^[a-z0-9-]{1,64}$/, 'must match ^[a-z0-9-]{1,64}$'), genericSchema)
    .default({})
    .describe('Webhooks of any other sender, at /v1/events/generic?source=NAME.'),
});

/** The configuration `models[].deploys`: which changes elsewhere are changes of the model. */
export const deploysSchema = z
  .strictObject({
    argo_application: oneOrMany.optional().describe('Names of Argo CD applications.'),
    argo_rollout: oneOrMany.optional().describe('Names of Argo rollouts, as name or namespace/name.'),
    github_repository: oneOrMany.optional().describe('GitHub repositories as owner/name.'),
    github_environment: oneOrMany.optional().describe('Only these environments of the repositories.'),
    mlflow_model: oneOrMany.optional().describe('Names of registered models.'),
    labels: z.record(z.string(), z.string()).optional().describe('Labels that an event must carry, all of them.'),
  })
  .describe('Which deployments change the model; default: those of the same name.');

export type EventsConfig = z.infer<typeof eventsConfigSchema>;
export type GenericConfig = z.infer<typeof genericSchema>;
export type Deploys = z.infer<typeof deploysSchema>;
