import { histogramRules, labelOf, outcomeOfStatus, type ServingAdapter } from './serving-adapter.ts';

/** Reads Seldon Core 1 (executor) and 2 (agent). @see seldon-core executor/api/metric/constants.go, scheduler/pkg/metrics */
export const seldon: ServingAdapter = {
  runtime: 'seldon',
  title: 'Seldon Core 1 and 2',
  note: 'Core 1 by the executor, of its client side; Core 2 by the agent, which tells the mean latency of a model only.',
  rules: [
    {
      name: 'seldon_api_executor_client_requests_seconds_count',
      measure: 'requests',
      outcome: (labels) => outcomeOfStatus(labelOf(labels, 'code')),
    },
    ...histogramRules('seldon_api_executor_client_requests_seconds', 'latency'),
    {
      name: 'seldon_model_infer_total',
      measure: 'requests',
      outcome: (labels) => outcomeOfStatus(labelOf(labels, 'code')),
    },
    { name: 'seldon_model_infer_seconds_total', measure: 'latency_sum' },
    { name: 'seldon_model_infer_total', measure: 'latency_count' },
  ],
  subject: (labels) => {
    const model = labelOf(labels, 'model_name', 'model', 'deployment_name');
    // Core 2 calls version 2 of `income` internally `income_2`.
    const internal = /_(\d+)$/.exec(labelOf(labels, 'model_internal'))?.[1] ?? '';
    return { model, version: labelOf(labels, 'model_version') || internal, part: '' };
  },
};
