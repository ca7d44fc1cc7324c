import { z } from 'zod';
import type { RetrainTarget } from '../notifier.ts';
import { airflowSettings, createAirflowTarget } from './airflow.ts';
import { argoEventsSettings, createArgoEventsTarget } from './argo-events.ts';
import { argoWorkflowsSettings, createArgoWorkflowsTarget } from './argo-workflows.ts';
import { cloudeventsSettings, createCloudeventsTarget } from './cloudevents.ts';
import { createGithubTarget, githubSettings } from './github.ts';
import { createGitlabTarget, gitlabSettings } from './gitlab.ts';
import { createKubeflowTarget, kubeflowSettings } from './kubeflow.ts';
import type { TargetOptions } from './target-options.ts';
import { createTektonTarget, tektonSettings } from './tekton.ts';

/** Every system that can be asked to retrain, by `type`. */
export const retrainTargetSchema = z.discriminatedUnion('type', [
  cloudeventsSettings,
  githubSettings,
  argoEventsSettings,
  argoWorkflowsSettings,
  kubeflowSettings,
  airflowSettings,
  tektonSettings,
  gitlabSettings,
]);

export type RetrainTargetSettings = z.infer<typeof retrainTargetSchema>;

/** Makes the target that settings describe. */
export function createRetrainTarget(settings: RetrainTargetSettings, options: TargetOptions): RetrainTarget {
  switch (settings.type) {
    case 'cloudevents':
      return createCloudeventsTarget(settings, options);
    case 'github':
      return createGithubTarget(settings, options);
    case 'argo_events':
      return createArgoEventsTarget(settings, options);
    case 'argo_workflows':
      return createArgoWorkflowsTarget(settings, options);
    case 'kubeflow':
      return createKubeflowTarget(settings, options);
    case 'airflow':
      return createAirflowTarget(settings, options);
    case 'tekton':
      return createTektonTarget(settings, options);
    case 'gitlab':
      return createGitlabTarget(settings, options);
  }
}
