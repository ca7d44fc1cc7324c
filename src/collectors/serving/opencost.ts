import { kserveSubject } from './kserve-name.ts';
import { labelOf, partOf, type ServingAdapter } from './serving-adapter.ts';

const BYTES_PER_GIB = 1_073_741_824;

/** Reads the series of OpenCost and Kubecost. @see opencost-website docs/integrations/metrics.md */
export const opencost: ServingAdapter = {
  runtime: 'opencost',
  title: 'OpenCost and Kubecost',
  note: 'Prices of a node times what the containers of a model hold; needs prices in US dollars.',
  rules: [
    { name: 'node_gpu_hourly_cost', measure: 'gpu_price' },
    { name: 'node_cpu_hourly_cost', measure: 'cpu_price' },
    { name: 'node_ram_hourly_cost', measure: 'memory_price' },
    { name: 'container_gpu_allocation', measure: 'gpu_allocation' },
    { name: 'container_cpu_allocation', measure: 'cpu_allocation' },
    { name: 'container_memory_allocation_bytes', measure: 'memory_allocation', scale: 1 / BYTES_PER_GIB },
  ],
  subject: (labels) => ({
    ...kserveSubject(labelOf(labels, 'pod')),
    part: partOf('node', labelOf(labels, 'node', 'instance')),
  }),
};
