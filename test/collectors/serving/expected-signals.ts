/** Values of the minute between two scrapes 60 seconds apart, worked out by hand from the differences of the fixtures. */
export interface ExpectedSignals {
  readonly fixture: string;
  readonly runtime: string;
  readonly model: string;
  /** Signals of the model, or of the whole cluster for model ''. */
  readonly signals: Readonly<Record<string, number>>;
  /** Versions that have rows of their own. */
  readonly versions: readonly string[];
  /** Signals of parts of the cluster, by segment. */
  readonly segments?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export const expectedSignals: readonly ExpectedSignals[] = [
  {
    fixture: 'vllm-v1',
    runtime: 'vllm',
    model: 'chat-7b',
    versions: [],
    signals: {
      requests_per_second: 300 / 60,
      error_ratio: 6 / 300,
      latency_p50_seconds: 5,
      latency_p95_seconds: 5 + (5 * 135) / 150,
      latency_p99_seconds: 5 + (5 * 147) / 150,
      serving_latency_mean_seconds: 1800 / 300,
      serving_queue_time_seconds: 120 / 300,
      serving_queue_depth: 7 + 2,
      serving_in_flight: 14 + 4,
      llm_ttft_p95_seconds: 0.5 + (0.5 * (285 - 180)) / 120,
      llm_inter_token_p95_seconds: 0.025 + (0.025 * 57) / 60,
      llm_output_tokens_per_second: 1000,
      llm_preemptions_per_second: 0.5,
      llm_kv_cache_ratio: 0.9375,
      llm_queue_depth: 9,
    },
  },
  {
    fixture: 'vllm-v0',
    runtime: 'vllm',
    model: 'facebook/opt-125m',
    versions: [],
    signals: {
      requests_per_second: 1,
      serving_queue_depth: 5,
      llm_ttft_p95_seconds: 0.25 + (0.25 * 57) / 60,
      llm_inter_token_p95_seconds: 0.05 + (0.05 * 114) / 120,
      // The counter fell from 50 to 6: it began anew.
      llm_preemptions_per_second: 6 / 60,
      llm_kv_cache_ratio: 0.625,
      llm_queue_depth: 5,
    },
  },
  {
    fixture: 'triton',
    runtime: 'triton',
    model: 'ranker',
    versions: ['3'],
    signals: {
      requests_per_second: 6180 / 60,
      error_ratio: 150 / 6180,
      latency_p50_seconds: 0.021,
      latency_p95_seconds: 0.064,
      latency_p99_seconds: 0.12,
      serving_latency_mean_seconds: 150 / 6000,
      serving_queue_time_seconds: 12 / 6000,
      serving_batch_size: 48_000 / 3000,
      serving_queue_depth: 9,
    },
  },
  {
    fixture: 'torchserve',
    runtime: 'torchserve',
    model: 'resnet18',
    versions: ['1.0'],
    signals: {
      requests_per_second: 2,
      serving_latency_mean_seconds: 9.96 / 120,
      serving_queue_time_seconds: 0.06 / 120,
    },
  },
  {
    fixture: 'kserve',
    runtime: 'kserve',
    model: 'fraud-scorer',
    versions: [],
    signals: {
      requests_per_second: 5,
      latency_p50_seconds: 0.01 + (0.015 * 90) / 120,
      // Beyond the largest bucket: its bound.
      latency_p95_seconds: 0.05,
      latency_p99_seconds: 0.05,
      serving_latency_mean_seconds: 12 / 300,
    },
  },
  {
    fixture: 'seldon-core1',
    runtime: 'seldon',
    model: 'income-classifier',
    versions: ['1.4'],
    signals: {
      requests_per_second: 64 / 60,
      error_ratio: 4 / 64,
      latency_p50_seconds: 0.1,
      latency_p95_seconds: 0.1 + (0.4 * (60.8 - 32)) / 32,
      latency_p99_seconds: 0.1 + (0.4 * (63.36 - 32)) / 32,
      serving_latency_mean_seconds: 7 / 64,
    },
  },
  {
    fixture: 'seldon-core2',
    runtime: 'seldon',
    model: 'income',
    versions: ['2'],
    signals: { requests_per_second: 10, error_ratio: 0.1, serving_latency_mean_seconds: 30 / 600 },
  },
  {
    fixture: 'bentoml',
    runtime: 'bentoml',
    model: 'iris',
    versions: ['kjx3'],
    signals: {
      requests_per_second: 150 / 60,
      error_ratio: 30 / 150,
      latency_p50_seconds: 0.1,
      latency_p95_seconds: 0.1 + (0.15 * 54) / 60,
      latency_p99_seconds: 0.1 + (0.15 * 58.8) / 60,
      serving_latency_mean_seconds: 12 / 120,
      serving_batch_size: 150 / 30,
      serving_in_flight: 6,
    },
  },
  {
    fixture: 'knative-opencensus',
    runtime: 'knative',
    model: 'fraud',
    versions: ['00007'],
    signals: {
      requests_per_second: 150 / 60,
      error_ratio: 30 / 150,
      latency_p50_seconds: 0.01,
      latency_p95_seconds: 0.01 + (0.09 * 54) / 60,
      latency_p99_seconds: 0.01 + (0.09 * 58.8) / 60,
      serving_latency_mean_seconds: 4.8 / 120,
      serving_queue_depth: 4,
      serving_replicas: 3,
      serving_desired_replicas: 5,
    },
  },
  {
    fixture: 'knative-opentelemetry',
    runtime: 'knative',
    model: 'embedder',
    versions: ['00012'],
    signals: {
      requests_per_second: 150 / 60,
      error_ratio: 30 / 150,
      latency_p50_seconds: 0.01 + (0.09 * 15) / 90,
      latency_p95_seconds: 0.01 + (0.09 * 82.5) / 90,
      latency_p99_seconds: 0.01 + (0.09 * 88.5) / 90,
      serving_latency_mean_seconds: 5.7 / 150,
      serving_queue_depth: 4,
    },
  },
  {
    fixture: 'istio',
    runtime: 'istio',
    model: 'search',
    versions: ['00003'],
    signals: {
      // 120 answered and 6 failed at the destination; 24 never arrived and only the source knows.
      requests_per_second: 150 / 60,
      error_ratio: 30 / 150,
      latency_p50_seconds: 0.05,
      latency_p95_seconds: 0.05 + (0.05 * 54) / 60,
      latency_p99_seconds: 0.05 + (0.05 * 58.8) / 60,
      serving_latency_mean_seconds: 4.8 / 120,
    },
  },
  {
    fixture: 'keda',
    runtime: 'keda',
    model: 'ranker',
    versions: [],
    signals: {
      serving_queue_depth: 420,
      serving_scaler_errors_per_second: 0.5,
      serving_replicas: 3,
      serving_desired_replicas: 6,
    },
  },
  {
    fixture: 'kueue',
    runtime: 'kueue',
    model: '',
    versions: [],
    signals: {
      cluster_pending_workloads: 7 + 3 + 1,
      cluster_running_workloads: 5,
      cluster_evictions_per_second: 9 / 60,
      cluster_admission_wait_p95_seconds: 10 + (50 * 57) / 60,
      cluster_gpu_quota_used_ratio: 6 / 8,
    },
    segments: {
      'cluster_queue=gpu-team-a': {
        cluster_pending_workloads: 10,
        cluster_running_workloads: 5,
        cluster_evictions_per_second: 9 / 60,
        cluster_admission_wait_p95_seconds: 57.5,
        cluster_gpu_quota_used_ratio: 0.75,
      },
      'cluster_queue=gpu-team-b': { cluster_pending_workloads: 1 },
    },
  },
  {
    fixture: 'slurm-vpenso',
    runtime: 'slurm',
    model: '',
    versions: [],
    signals: {
      cluster_pending_workloads: 14,
      cluster_running_workloads: 31,
      cluster_gpu_quota_used_ratio: 48 / 64,
    },
    segments: {
      'partition=gpu': { cluster_pending_workloads: 11 },
      'partition=cpu': { cluster_pending_workloads: 3 },
    },
  },
  {
    fixture: 'slurm-slinky',
    runtime: 'slurm',
    model: '',
    versions: [],
    signals: { cluster_pending_workloads: 14, cluster_running_workloads: 31 },
    segments: { 'partition=gpu': { cluster_pending_workloads: 11 } },
  },
  {
    fixture: 'slurm-rivos',
    runtime: 'slurm',
    model: '',
    versions: [],
    signals: { cluster_pending_workloads: 11 + 3, cluster_running_workloads: 21 },
    segments: {
      'partition=gpu': { cluster_pending_workloads: 11, cluster_running_workloads: 21 },
      'partition=cpu': { cluster_pending_workloads: 3 },
    },
  },
  {
    fixture: 'karpenter',
    runtime: 'karpenter',
    model: '',
    versions: [],
    signals: {
      cluster_pending_workloads: 6,
      cluster_startup_p95_seconds: 120 + (180 * 57) / 60,
      cluster_nodes_created: 4,
      cluster_nodes_removed: 3,
      cluster_gpu_quota_used_ratio: 12 / 16,
    },
    segments: {
      'nodepool=gpu-spot': {
        cluster_nodes_created: 4,
        cluster_nodes_removed: 3,
        cluster_gpu_quota_used_ratio: 0.75,
      },
    },
  },
  {
    fixture: 'opencost',
    runtime: 'opencost',
    model: 'ranker',
    versions: [],
    signals: { allocated_cost_per_hour_usd: 2 * 2.5 + 8 * 0.03125 + 40 * 0.005 },
  },
];
