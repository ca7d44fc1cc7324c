import type { Change } from './change.ts';
import type { Deploys } from './config.ts';

/** What the configuration says about the deployments of a model. */
export interface DeployedModel {
  readonly name: string;
  readonly deploys?: Deploys | undefined;
}

const NAME = /^[A-Za-z0-9_.:/-]{1,128}$/;

/**
 * Returns the models that a change concerns: the one it names, else those whose `deploys` match, else the one called
 * as the changed thing is. Empty when none is known.
 */
export function modelsOf(change: Change, models: readonly DeployedModel[]): readonly string[] {
  if (change.model !== undefined && NAME.test(change.model)) return [change.model];
  const matched = models.filter(({ deploys }) => deploys !== undefined && matches(deploys, change));
  if (matched.length > 0) return matched.map(({ name }) => name);
  const { argo_application: application, argo_rollout: rollout, mlflow_model: registered } = change.subject;
  const called = application ?? rollout?.split('/').at(-1) ?? registered;
  return models.filter(({ name, deploys }) => deploys === undefined && name === called).map(({ name }) => name);
}

function matches(deploys: Deploys, { subject, labels }: Change): boolean {
  const { argo_rollout: rollout, github_environment: environment } = subject;
  const isOne = (allowed: readonly string[] | undefined, value: string | undefined): boolean | undefined =>
    allowed === undefined || value === undefined ? undefined : allowed.includes(value);
  const isRollout =
    deploys.argo_rollout === undefined || rollout === undefined
      ? undefined
      : deploys.argo_rollout.some((name) => name === rollout || name === rollout.split('/').at(-1));
  const carries =
    deploys.labels === undefined
      ? undefined
      : Object.entries(deploys.labels).every(([name, value]) => labels[name] === value);
  const answers = [
    isOne(deploys.argo_application, subject.argo_application),
    isRollout,
    isOne(deploys.github_repository, subject.github_repository),
    isOne(deploys.mlflow_model, subject.mlflow_model),
    carries,
  ].filter((answer) => answer !== undefined);
  const isElsewhere = isOne(deploys.github_environment, environment) === false;
  return answers.length > 0 && answers.every(Boolean) && !isElsewhere;
}
