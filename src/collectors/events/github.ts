import { z } from 'zod';
import { ignored, labelsFrom, momentOf, type Reading } from './change.ts';
import { unreadable } from './unreadable.ts';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);
const repository = z.object({ full_name: z.string().min(1), html_url: text });
const sender = z.object({ login: text }).nullish();

const payloadSchema = z.looseObject({ model: text, version: text });

const statusSchema = z.object({
  deployment_status: z.object({
    state: z.string(),
    environment: text,
    created_at: text,
    target_url: text,
    log_url: text,
  }),
  deployment: z.object({ sha: text, ref: text, environment: text, description: text, payload: z.unknown() }),
  repository,
  sender,
});

const releaseSchema = z.object({
  action: z.string(),
  release: z.object({ tag_name: z.string(), html_url: text, published_at: text }),
  repository,
  sender,
});

const STATES: Readonly<Record<string, string>> = { success: 'deployed', failure: 'failed', error: 'failed' };

/**
 * Reads a webhook of GitHub: ended deployments and published releases are changes, all other events are none.
 * A deployment's payload may name {"model","version"} itself.
 *
 * @param event  Header X-GitHub-Event.
 */
export function readGithub(body: unknown, event: string | undefined): Reading {
  if (event === 'deployment_status') return readStatus(body);
  if (event === 'release') return readRelease(body);
  return ignored(event === undefined ? 'X-GitHub-Event is missing' : `event ${event} is no change`);
}

function readStatus(body: unknown): Reading {
  const parsed = statusSchema.safeParse(body);
  if (!parsed.success) return unreadable(parsed.error);
  const { deployment_status: status, deployment, repository: repo, sender: by } = parsed.data;
  const verb = STATES[status.state];
  if (verb === undefined) return ignored(`state ${status.state} is not the end of a deployment`);
  const environment = status.environment ?? deployment.environment;
  const payload = payloadSchema.safeParse(unwrapped(deployment.payload));
  const told = payload.success ? payload.data : undefined;
  return {
    is: 'change',
    change: {
      ts: momentOf(status.created_at),
      kind: 'deploy',
      title: `GitHub ${verb} ${repo.full_name}${deployment.ref === undefined ? '' : ` ${deployment.ref}`}${environment === undefined ? '' : ` to ${environment}`}`,
      version: told?.version,
      url: status.target_url || status.log_url || repo.html_url,
      labels: labelsFrom({
        source: 'github',
        repository: repo.full_name,
        environment,
        ref: deployment.ref,
        sha: deployment.sha,
        state: status.state,
        actor: by?.login,
      }),
      model: told?.model,
      subject: { github_repository: repo.full_name, github_environment: environment },
    },
  };
}

function readRelease(body: unknown): Reading {
  const parsed = releaseSchema.safeParse(body);
  if (!parsed.success) return unreadable(parsed.error);
  const { action, release, repository: repo, sender: by } = parsed.data;
  if (action !== 'published') return ignored(`release ${action} is no change`);
  return {
    is: 'change',
    change: {
      ts: momentOf(release.published_at),
      kind: 'other',
      title: `GitHub released ${repo.full_name} ${release.tag_name}`,
      version: undefined,
      url: release.html_url,
      labels: labelsFrom({
        source: 'github',
        repository: repo.full_name,
        ref: release.tag_name,
        actor: by?.login,
      }),
      model: undefined,
      subject: { github_repository: repo.full_name },
    },
  };
}

/** GitHub passes the payload on as it was given: an object, or JSON in a string. */
function unwrapped(payload: unknown): unknown {
  if (typeof payload !== 'string') return payload;
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
