import { labelOf, type ServingAdapter } from './serving-adapter.ts';

const MICROSECONDS = 1e-6;

/** Reads TorchServe with `metrics_mode=prometheus`. @see pytorch/serve ts/configs/metrics.yaml, docs/metrics_api.md */
export const torchserve: ServingAdapter = {
  runtime: 'torchserve',
  title: 'TorchServe',
  note: 'Needs `metrics_mode=prometheus`; mean latency only; failures are counted by host, so there is no error ratio of a model.',
  rules: [
    { name: 'ts_inference_requests_total', measure: 'requests' },
    { name: 'ts_inference_latency_microseconds', measure: 'latency_sum', scale: MICROSECONDS },
    { name: 'ts_inference_requests_total', measure: 'latency_count' },
    { name: 'ts_queue_latency_microseconds', measure: 'queue_time_sum', scale: MICROSECONDS },
    { name: 'ts_inference_requests_total', measure: 'queue_time_count' },
  ],
  subject: (labels) => {
    const version = labelOf(labels, 'model_version');
    return { model: labelOf(labels, 'model_name'), version: version === 'default' ? '' : version, part: '' };
  },
};
