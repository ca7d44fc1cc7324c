import { labelOf, type ServingAdapter } from './serving-adapter.ts';

const MICROSECONDS = 1e-6;

/** Reads NVIDIA Triton. @see triton-inference-server/core src/metrics.cc, server docs/user_guide/metrics.md */
export const triton: ServingAdapter = {
  runtime: 'triton',
  title: 'Triton',
  note: 'Mean latency from its counters; percentiles only with `--metrics-config summary_latencies=true`.',
  rules: [
    { name: 'nv_inference_request_success', measure: 'requests', outcome: () => 'ok' },
    {
      name: 'nv_inference_request_failure',
      measure: 'requests',
      // A client that went away is no fault of the server.
      outcome: ({ reason }) => (reason === 'CANCELED' ? 'ok' : 'error'),
    },
    { name: 'nv_inference_request_duration_us', measure: 'latency_sum', scale: MICROSECONDS },
    { name: 'nv_inference_request_success', measure: 'latency_count' },
    { name: 'nv_inference_queue_duration_us', measure: 'queue_time_sum', scale: MICROSECONDS },
    { name: 'nv_inference_request_success', measure: 'queue_time_count' },
    { name: 'nv_inference_count', measure: 'batch_sum' },
    { name: 'nv_inference_exec_count', measure: 'batch_count' },
    { name: 'nv_inference_pending_request_count', measure: 'queue_depth' },
    { name: 'nv_inference_request_summary_us', measure: 'latency_quantile', scale: MICROSECONDS },
    { name: 'nv_inference_first_response_histogram_ms_bucket', measure: 'ttft_bucket', scale: 1e-3 },
  ],
  subject: (labels) => ({ model: labelOf(labels, 'model'), version: labelOf(labels, 'version'), part: '' }),
};
