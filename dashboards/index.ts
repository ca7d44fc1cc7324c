import { type JsonObject, textAt } from '../src/grafana/json.ts';
import { alertReview } from './alert-review.ts';
import { dataQuality } from './data-quality.ts';
import { featureDrift } from './feature-drift.ts';
import { fleet } from './fleet.ts';
import { gpuFleet } from './gpu-fleet.ts';
import { llmServing } from './llm-serving.ts';
import { objectives } from './objectives.ts';
import { oneModel } from './one-model.ts';
import { ownHealth } from './own-health.ts';

/** A generated file: where it belongs, from the root of the project, and what it holds. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Every dashboard. Add a new one here. */
export const dashboards: readonly (() => JsonObject)[] = [
  fleet,
  oneModel,
  featureDrift,
  gpuFleet,
  llmServing,
  dataQuality,
  alertReview,
  ownHealth,
  objectives,
];

/**
 * Returns the JSON file of every dashboard.
 *
 * @throws E_DASHBOARD  when a dashboard has problems
 */
export function generateDashboards(): readonly GeneratedFile[] {
  return dashboards.map((make) => {
    const dashboard = make();
    return {
      path: `dashboards/generated/${textAt(dashboard, 'uid')}.json`,
      text: `${JSON.stringify(dashboard, null, 2)}\n`,
    };
  });
}
