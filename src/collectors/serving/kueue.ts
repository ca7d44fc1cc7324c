import type { Labels } from '../prometheus/metric-sample.ts';
import { histogramRules, labelOf, partOf, type SeriesRule, type ServingAdapter } from './serving-adapter.ts';

const RULES: readonly SeriesRule[] = [
  { name: 'kueue_pending_workloads', measure: 'pending' },
  { name: 'kueue_admitted_active_workloads', measure: 'running' },
  // Preemptions are evictions of one reason and counted there.
  { name: 'kueue_evicted_workloads_total', measure: 'evictions' },
  ...histogramRules('kueue_admission_wait_time_seconds', 'admission_wait'),
];

/** Reads the controller of Kueue. @see kubernetes-sigs/kueue site/content/en/docs/reference/metrics.md */
export const kueue: ServingAdapter = {
  runtime: 'kueue',
  title: 'Kueue',
  note: 'By cluster queue; the GPU quota only with `metrics.enableClusterQueueResources: true`.',
  rules: [
    ...RULES.map((rule) => ({ ...rule, keep: isLeader })),
    { name: 'kueue_cluster_queue_nominal_quota', measure: 'gpu_quota', keep: isGpu },
    { name: 'kueue_cluster_queue_resource_usage', measure: 'gpu_quota_used', keep: isGpu },
  ],
  subject: (labels) => ({ model: '', version: '', part: partOf('cluster_queue', labelOf(labels, 'cluster_queue')) }),
};

/** Followers repeat what the leader says. */
function isLeader(labels: Labels): boolean {
  return labels['replica_role'] !== 'follower';
}

function isGpu(labels: Labels): boolean {
  return isLeader(labels) && labels['resource'] === 'nvidia.com/gpu';
}
