import type { Labels } from '../prometheus/metric-sample.ts';

/**
 * Which GPUs belong to a model, `models[].gpu` of the configuration. Each text is a regular expression for a whole
 * value; all that are given must hold, and nothing given matches nothing.
 */
export interface GpuMatch {
  readonly pod?: string | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface GpuHolder {
  readonly namespace: string;
  /** '' when no pod holds the GPU, or none is known. */
  readonly pod: string;
  /** Labels of the GPU's rows. */
  readonly labels: Labels;
}

/** Returns the model that holds a GPU, or '' when that is not known. */
export type ModelOf = (holder: GpuHolder) => string;

/** Labels of pods that name the model they serve, as the exporter or kube-state-metrics writes them. */
const MODEL_LABELS = [
  'serving_kserve_io_inferenceservice',
  'label_serving_kserve_io_inferenceservice',
  'seldon_io_model',
  'label_seldon_io_model',
  'seldon_deployment_id',
  'label_seldon_deployment_id',
  'model',
  'label_model',
];
const MODEL_NAME = /^[A-Za-z0-9_.:/-]{1,128}$/;

/**
 * Returns the join from a GPU's holder to a model: the first configured match in the order of the configuration, since
 * the operator knows best; else a label that names the model; else none.
 */
export function createModelMatch(
  models: readonly { readonly model: string; readonly gpu?: GpuMatch | undefined }[],
): ModelOf {
  const rules = models.flatMap(({ model, gpu }) => (gpu === undefined ? [] : [{ model, matches: compile(gpu) }]));
  return (holder) => rules.find((rule) => rule.matches(holder))?.model ?? modelInLabels(holder.labels);
}

function compile(match: GpuMatch): (holder: GpuHolder) => boolean {
  const criteria = [
    ...criterion(match.pod, (holder) => holder.pod),
    ...criterion(match.namespace, (holder) => holder.namespace),
    ...Object.entries(match.labels ?? {}).flatMap(([name, text]) => criterion(text, (holder) => holder.labels[name])),
  ];
  return (holder) => criteria.length > 0 && criteria.every((holds) => holds(holder));
}

/** A criterion never holds for what is absent: `pod: .*` must not claim idle GPUs. */
function criterion(
  text: string | undefined,
  valueOf: (holder: GpuHolder) => string | undefined,
): readonly ((holder: GpuHolder) => boolean)[] {
  if (text === undefined) return [];
  const whole = new RegExp(`^(?:${text})$`);
  return [
    (holder) => {
      const value = valueOf(holder) ?? '';
      return value !== '' && whole.test(value);
    },
  ];
}

function modelInLabels(labels: Labels): string {
  for (const name of MODEL_LABELS) {
    const value = labels[name] ?? '';
    if (MODEL_NAME.test(value)) return value;
  }
  return '';
}
