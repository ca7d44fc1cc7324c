import { histogramRules, labelOf, type ServingAdapter } from './serving-adapter.ts';

/** Reads vLLM, engines V0 and V1. @see vllm/v1/metrics/loggers.py, docs/design/metrics.md */
export const vllm: ServingAdapter = {
  runtime: 'vllm',
  title: 'vLLM',
  note: 'Engines V0 and V1 under old and new names; errors only where `finished_reason="error"` exists; latency buckets begin at 0.3 s.',
  rules: [
    {
      name: 'vllm:request_success_total',
      measure: 'requests',
      outcome: ({ finished_reason }) => (finished_reason === 'error' ? 'error' : ''),
    },
    ...histogramRules('vllm:e2e_request_latency_seconds', 'latency'),
    ...histogramRules('vllm:time_to_first_token_seconds', 'ttft'),
    // The first name was given up for the second in V1.
    ...histogramRules('vllm:time_per_output_token_seconds', 'inter_token'),
    ...histogramRules('vllm:inter_token_latency_seconds', 'inter_token'),
    { name: 'vllm:request_queue_time_seconds_sum', measure: 'queue_time_sum' },
    { name: 'vllm:request_queue_time_seconds_count', measure: 'queue_time_count' },
    { name: 'vllm:request_prefill_time_seconds_sum', measure: 'prefill_sum' },
    { name: 'vllm:request_prefill_time_seconds_count', measure: 'prefill_count' },
    { name: 'vllm:request_decode_time_seconds_sum', measure: 'decode_sum' },
    { name: 'vllm:request_decode_time_seconds_count', measure: 'decode_count' },
    { name: 'vllm:generation_tokens_total', measure: 'output_tokens' },
    { name: 'vllm:num_preemptions_total', measure: 'preemptions' },
    { name: 'vllm:num_requests_waiting', measure: 'queue_depth' },
    { name: 'vllm:num_requests_running', measure: 'in_flight' },
    { name: 'vllm:gpu_cache_usage_perc', measure: 'kv_cache' },
    { name: 'vllm:kv_cache_usage_perc', measure: 'kv_cache' },
  ],
  subject: (labels) => ({ model: labelOf(labels, 'model_name'), version: labelOf(labels, 'model_version'), part: '' }),
};
