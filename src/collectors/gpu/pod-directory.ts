import type { Labels, MetricSample } from '../prometheus/metric-sample.ts';

/** A pod as kube-state-metrics describes it. */
interface PodEntry {
  labels: Labels;
  node: string;
  /** Whole GPUs that it asks for, by container. */
  readonly gpus: Map<string, number>;
  running: boolean;
  seenMs: number;
}

export interface GpuPod {
  readonly namespace: string;
  readonly pod: string;
  readonly labels: Labels;
  readonly gpus: number;
}

const FORGET_AFTER_MS = 600_000;
const MAX_PODS = 100_000;
const FAMILIES: ReadonlySet<string> = new Set([
  'kube_pod_labels',
  'kube_pod_info',
  'kube_pod_status_phase',
  'kube_pod_container_resource_requests',
]);

/** Remembers for ten minutes what kube-state-metrics says of pods: labels, node, and how many GPUs they ask for. */
export class PodDirectory {
  readonly #pods = new Map<string, PodEntry>();
  /** Made when first asked after something was learnt. */
  #byNode: ReadonlyMap<string, readonly GpuPod[]> | undefined;

  /** Takes the samples that describe pods and passes over all others. */
  learn(samples: readonly MetricSample[], tsMs: number): void {
    let found = false;
    for (const sample of samples) {
      if (!FAMILIES.has(sample.name)) continue;
      found = true;
      const namespace = own(sample.labels, 'namespace');
      const pod = own(sample.labels, 'pod');
      const entry = pod === '' ? undefined : this.#entryOf(`${namespace}/${pod}`);
      if (entry !== undefined) take(entry, sample, tsMs);
    }
    if (!found) return;
    this.#byNode = undefined;
    this.#forget(tsMs);
  }

  /** Returns the labels of a pod, `label_<name>` each; empty when it is not known. */
  labelsOf(namespace: string, pod: string): Labels {
    return this.#pods.get(`${namespace}/${pod}`)?.labels ?? {};
  }

  /** Returns the running pods of a node that ask for whole GPUs. */
  gpuPodsOn(node: string): readonly GpuPod[] {
    this.#byNode ??= this.#gpuPods();
    return this.#byNode.get(node) ?? [];
  }

  #gpuPods(): ReadonlyMap<string, readonly GpuPod[]> {
    const byNode = new Map<string, GpuPod[]>();
    for (const [key, entry] of this.#pods) {
      const gpus = [...entry.gpus.values()].reduce((sum, count) => sum + count, 0);
      if (!entry.running || gpus === 0) continue;
      const slash = key.indexOf('/');
      const pod = { namespace: key.slice(0, slash), pod: key.slice(slash + 1), labels: entry.labels, gpus };
      const known = byNode.get(entry.node);
      if (known === undefined) byNode.set(entry.node, [pod]);
      else known.push(pod);
    }
    return byNode;
  }

  #entryOf(key: string): PodEntry | undefined {
    const known = this.#pods.get(key);
    if (known !== undefined) return known;
    if (this.#pods.size >= MAX_PODS) return undefined;
    const entry: PodEntry = { labels: {}, node: '', gpus: new Map(), running: true, seenMs: 0 };
    this.#pods.set(key, entry);
    return entry;
  }

  #forget(tsMs: number): void {
    for (const [key, entry] of this.#pods) {
      if (tsMs - entry.seenMs > FORGET_AFTER_MS) this.#pods.delete(key);
    }
  }
}

function take(entry: PodEntry, sample: MetricSample, tsMs: number): void {
  const { name, labels, value } = sample;
  entry.seenMs = Math.max(entry.seenMs, sample.timestampMs ?? tsMs);
  if (name === 'kube_pod_labels') {
    entry.labels = Object.fromEntries(Object.entries(labels).filter(([label]) => label.startsWith('label_')));
  } else if (name === 'kube_pod_info') {
    entry.node = own(labels, 'node');
  } else if (name === 'kube_pod_status_phase') {
    if (labels['phase'] === 'Running') entry.running = value === 1;
  } else if (labels['resource'] === 'nvidia_com_gpu') {
    entry.gpus.set(own(labels, 'container'), value);
    const node = own(labels, 'node');
    if (node !== '') entry.node = node;
  }
}

/** What the exporter itself said, if whoever scraped it renamed the label. */
function own(labels: Labels, name: string): string {
  return labels[`exported_${name}`] ?? labels[name] ?? '';
}
