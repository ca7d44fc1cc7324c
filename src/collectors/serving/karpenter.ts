import type { Labels } from '../prometheus/metric-sample.ts';
import { histogramRules, labelOf, partOf, type ServingAdapter } from './serving-adapter.ts';

/** Reads Karpenter v1. @see kubernetes-sigs/karpenter pkg/metrics, pkg/controllers/metrics */
export const karpenter: ServingAdapter = {
  runtime: 'karpenter',
  title: 'Karpenter',
  note: 'Nodes made and removed by node pool, time from pod to running, pods without a node, GPUs used of the limit.',
  rules: [
    { name: 'karpenter_nodeclaims_created_total', measure: 'nodes_created' },
    { name: 'karpenter_nodeclaims_terminated_total', measure: 'nodes_removed' },
    ...histogramRules('karpenter_pods_startup_duration_seconds', 'startup'),
    { name: 'karpenter_scheduler_unschedulable_pods_count', measure: 'pending' },
    { name: 'karpenter_nodepools_limit', measure: 'gpu_quota', keep: isGpu },
    { name: 'karpenter_nodepools_usage', measure: 'gpu_quota_used', keep: isGpu },
  ],
  subject: (labels) => ({ model: '', version: '', part: partOf('nodepool', labelOf(labels, 'nodepool')) }),
};

function isGpu(labels: Labels): boolean {
  return labels['resource_type'] === 'nvidia.com/gpu';
}
