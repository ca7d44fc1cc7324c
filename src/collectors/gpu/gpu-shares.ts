import type { GpuDevice, GpuPart } from './gpu-devices.ts';
import type { ModelOf } from './model-match.ts';
import type { PodDirectory } from './pod-directory.ts';

/** A part of a GPU in the hands of one pod. */
export interface GpuShare {
  readonly part: GpuPart;
  readonly namespace: string;
  readonly pod: string;
  /** '' when it is not known. */
  readonly model: string;
  /** Share of the GPU's compute: slices of the instance, divided by the pods that share it. */
  readonly weight: number;
}

/**
 * Returns who holds the parts of a GPU. The exporter says it; where it names no pod on the whole node, the node's pods
 * do, but only when they ask for all of its GPUs and all serve one model: then no guess is left.
 */
export function sharesOf(options: {
  readonly device: GpuDevice;
  /** All GPUs of the same reading. */
  readonly devices: ReadonlyMap<string, GpuDevice>;
  readonly pods: PodDirectory;
  readonly modelOf: ModelOf;
}): readonly GpuShare[] {
  const { device, devices, pods, modelOf } = options;
  return [...device.parts.values()].flatMap((part) => {
    const nobody = { namespace: '', pod: '', labels: part.labels };
    if (part.holders.size === 0) {
      const own = { part, namespace: '', pod: '', model: modelOf(nobody), weight: part.share };
      return own.model === '' ? { ...own, ...tenantOfNode({ device, devices, pods, modelOf }) } : own;
    }
    return [...part.holders.values()].map((holder) => {
      const { namespace, pod } = holder;
      const labels = { ...pods.labelsOf(namespace, pod), ...holder.labels };
      return { part, namespace, pod, model: modelOf({ ...holder, labels }), weight: part.share / part.holders.size };
    });
  });
}

/** Returns one holder a key, the first of that key, with the weight of all. */
export function mergeShares(
  shares: readonly GpuShare[],
  keyOf: (share: GpuShare) => string,
): readonly Omit<GpuShare, 'part'>[] {
  const holders = new Map<string, Omit<GpuShare, 'part'>>();
  for (const share of shares) {
    const { part: _part, ...holder } = share;
    const first = holders.get(keyOf(share));
    holders.set(keyOf(share), first === undefined ? holder : { ...first, weight: first.weight + holder.weight });
  }
  return [...holders.values()];
}

/** A GPU cut into MIG instances can be used only through them. */
export function usableShares(shares: readonly GpuShare[]): readonly GpuShare[] {
  const instances = shares.filter(({ part }) => part.instance !== '');
  return instances.length > 0 ? instances : shares;
}

function tenantOfNode(options: {
  readonly device: GpuDevice;
  readonly devices: ReadonlyMap<string, GpuDevice>;
  readonly pods: PodDirectory;
  readonly modelOf: ModelOf;
}): Partial<Pick<GpuShare, 'namespace' | 'pod' | 'model'>> {
  const { device, devices, pods, modelOf } = options;
  const tenants = pods.gpuPodsOn(device.node);
  const onNode = [...devices.values()].filter(({ node }) => node === device.node);
  const named = onNode.some(({ parts }) => [...parts.values()].some((part) => part.holders.size > 0));
  const asked = tenants.reduce((sum, { gpus }) => sum + gpus, 0);
  if (named || asked !== onNode.length) return {};
  const models = new Set(tenants.map((tenant) => modelOf(tenant)));
  const [model = '', ...others] = models;
  if (model === '' || others.length > 0) return {};
  const [tenant] = tenants;
  const only = tenants.length === 1 && tenant !== undefined ? tenant : { namespace: '', pod: '' };
  return { namespace: only.namespace, pod: only.pod, model };
}
