import type { Labels } from '../prometheus/metric-sample.ts';

/** Which part of which GPU a DCGM row is about, where it is, and who holds it. */
export interface GpuIdentity {
  /** UUID of the GPU; without one, node and index, which a reboot may change. */
  readonly device: string;
  /** Number of the MIG instance; '' for a whole GPU. */
  readonly instance: string;
  /** Share of the GPU's compute slices, 0..1. */
  readonly share: number;
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
}

const SLICES = 7;
/** GPUs that are cut into fewer compute slices than the usual seven. */
const FOUR_SLICES = /\bA30\b|\bRTX PRO 6000\b/;

/**
 * Returns the identity in a GPU row's labels, in every dialect: `hostname` or `Hostname`, `UUID`, `uuid` or Triton's
 * `gpu_uuid`, `pod_name` of the old namespace, and `exported_pod`, which says that `pod` is the exporter's own.
 *
 * @see NVIDIA/dcgm-exporter internal/pkg/rendermetrics and transformation; NVIDIA MIG user guide (slices)
 */
export function gpuIdentity(labels: Labels): GpuIdentity | undefined {
  const node =
    first(labels, ['Hostname', 'hostname', 'node', 'nodename', 'kubernetes_node']) || hostOf(labels['instance'] ?? '');
  const index = labels['gpu'] ?? '';
  const uuid = first(labels, ['UUID', 'uuid', 'gpu_uuid']);
  if (uuid === '' && index === '') return undefined;
  const instance = labels['GPU_I_ID'] ?? '';
  return {
    device: uuid === '' ? `${node}/gpu${index}` : uuid,
    instance,
    share: instance === '' ? 1 : sliceShare(labels['GPU_I_PROFILE'] ?? '', labels['modelName'] ?? ''),
    node,
    ...holder(labels),
  };
}

function holder(labels: Labels): { readonly namespace: string; readonly pod: string } {
  const exported = labels['exported_pod'] ?? '';
  if (exported !== '') return { namespace: labels['exported_namespace'] ?? '', pod: exported };
  const pod = first(labels, ['pod', 'pod_name']);
  // Prometheus puts the exporter's pod on rows of idle GPUs.
  if (pod === '' || pod.includes('dcgm-exporter')) return { namespace: '', pod: '' };
  return { namespace: first(labels, ['namespace', 'pod_namespace']), pod };
}

/** `3g.40gb` holds 3 of 7 slices; an unknown profile counts as the smallest. */
function sliceShare(profile: string, modelName: string): number {
  const slices = Number(/^(\d+)[cg]\./.exec(profile)?.[1] ?? 1);
  const all = FOUR_SLICES.test(modelName.replaceAll('-', ' ')) ? 4 : SLICES;
  return Math.min(1, slices / all);
}

function first(labels: Labels, names: readonly string[]): string {
  for (const name of names) {
    const value = labels[name];
    if (value !== undefined && value !== '') return value;
  }
  return '';
}

function hostOf(instance: string): string {
  return instance.replace(/:\d+$/, '');
}
