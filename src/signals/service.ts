import { defineSignals, type SignalDefinition, type SignalEntry } from './signal-definition.ts';

/**
 * Traffic, errors and latency as the prediction records tell them, and where a model has none as its serving runtime
 * does; then what only the runtime, its autoscaler or the scheduler of the cluster knows.
 */
export const serviceSignals: readonly SignalDefinition[] = defineSignals('service', [
  {
    name: 'requests_per_second',
    unit: 'per_second',
    scope: ['model', 'version', 'segment'],
    help: 'Predictions served per second.',
    direction: 'neutral',
    combine: 'avg',
    grafanaUnit: 'reqps',
  },
  {
    name: 'error_ratio',
    unit: 'ratio',
    scope: ['model', 'version', 'segment'],
    help: 'Share of predictions whose status is error.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  ...(['p50', 'p95', 'p99'] as const).map((quantile) => ({
    name: `latency_${quantile}_seconds`,
    unit: 'seconds' as const,
    scope: ['model', 'version', 'segment'] as const,
    help: `Latency of predictions, ${quantile.slice(1)}th percentile of the minute.`,
    direction: 'higher_is_worse' as const,
    combine: 'avg' as const,
  })),
  ...runtimeSignals(),
  ...clusterSignals(),
]);

function runtimeSignals(): readonly SignalEntry[] {
  const common = { scope: ['model'], combine: 'avg' } as const;
  return [
    {
      ...common,
      name: 'serving_latency_mean_seconds',
      unit: 'seconds',
      scope: ['model', 'version'],
      help: 'Mean time that the serving runtime took for a request.',
      direction: 'higher_is_worse',
    },
    {
      ...common,
      name: 'serving_queue_time_seconds',
      unit: 'seconds',
      help: 'Mean time that a request waited in the serving runtime before it was begun.',
      direction: 'higher_is_worse',
    },
    {
      ...common,
      name: 'serving_batch_size',
      unit: 'count',
      help: 'Mean number of inferences that the serving runtime ran at once.',
      direction: 'neutral',
    },
    {
      ...common,
      name: 'serving_queue_depth',
      unit: 'count',
      help: 'Number of requests that wait in the serving runtime, its proxy or the queue before it.',
      direction: 'higher_is_worse',
    },
    {
      ...common,
      name: 'serving_in_flight',
      unit: 'count',
      help: 'Number of requests that the serving runtime works on.',
      direction: 'neutral',
    },
    {
      ...common,
      name: 'serving_replicas',
      unit: 'count',
      help: 'Number of replicas that the autoscaler sees.',
      direction: 'neutral',
    },
    {
      ...common,
      name: 'serving_desired_replicas',
      unit: 'count',
      help: 'Number of replicas that the autoscaler wants.',
      direction: 'neutral',
    },
    {
      ...common,
      name: 'serving_scaler_errors_per_second',
      unit: 'per_second',
      help: 'Failures per second of the scaler to read what it scales by.',
      direction: 'higher_is_worse',
    },
  ];
}

/** Of the whole cluster (model ''), of its queues, partitions and node pools (segments), and of models that own one. */
function clusterSignals(): readonly SignalEntry[] {
  const common = { scope: ['model', 'segment'], combine: 'avg' } as const;
  return [
    {
      ...common,
      name: 'cluster_pending_workloads',
      unit: 'count',
      help: 'Number of workloads, jobs or pods that wait for a place.',
      direction: 'higher_is_worse',
    },
    {
      ...common,
      name: 'cluster_running_workloads',
      unit: 'count',
      help: 'Number of workloads or jobs that run.',
      direction: 'neutral',
    },
    {
      ...common,
      name: 'cluster_evictions_per_second',
      unit: 'per_second',
      help: 'Workloads that lost their place per second, preempted or otherwise.',
      direction: 'higher_is_worse',
    },
    {
      ...common,
      name: 'cluster_admission_wait_p95_seconds',
      unit: 'seconds',
      help: 'Time that admitted workloads had waited in their queue, 95th percentile.',
      direction: 'higher_is_worse',
    },
    {
      ...common,
      name: 'cluster_startup_p95_seconds',
      unit: 'seconds',
      help: 'Time from the creation of a pod until it ran, 95th percentile.',
      direction: 'higher_is_worse',
    },
    {
      ...common,
      name: 'cluster_nodes_created',
      unit: 'count',
      help: 'Number of nodes that the autoscaler ordered in the minute.',
      direction: 'neutral',
      combine: 'max',
    },
    {
      ...common,
      name: 'cluster_nodes_removed',
      unit: 'count',
      help: 'Number of nodes that the autoscaler gave back or lost in the minute.',
      direction: 'neutral',
      combine: 'max',
    },
    {
      ...common,
      name: 'cluster_gpu_quota_used_ratio',
      unit: 'ratio',
      help: 'Share of the GPUs of a queue, partition or node pool that is taken; above 1 when it borrows.',
      direction: 'higher_is_worse',
    },
  ];
}
