import { createModelMatch, type GpuMatch, type ModelOf } from '../gpu/model-match.ts';

/**
 * Returns the join from a serving series to a model: `models[].serving` in the order of the configuration, then the
 * pods of `models[].gpu`, then labels of pods that name the model; '' leaves it to the runtime's own labels.
 */
export function createServingMatch(
  models: readonly {
    readonly name: string;
    readonly serving?: GpuMatch | undefined;
    readonly gpu?: GpuMatch | undefined;
  }[],
): ModelOf {
  return createModelMatch([
    ...models.map(({ name, serving }) => ({ model: name, gpu: serving })),
    ...models.flatMap(({ name, gpu }) =>
      gpu?.pod === undefined || gpu.labels !== undefined ? [] : [{ model: name, gpu }],
    ),
  ]);
}
