import type { z } from 'zod';
import { describeError } from '../../../core/errors.ts';
import type { KubernetesSdConfig } from './config.ts';
import type { Discovery } from './discovery.ts';
import { endpointsGroups, nodeGroups, podGroups, serviceGroups } from './kubernetes-groups.ts';
import { KubernetesList } from './kubernetes-list.ts';
import { endpointsSchema, nodeSchema, podSchema, serviceSchema } from './kubernetes-objects.ts';
import { type RelabelStep, relabelStepSchema } from '../relabel/config.ts';
import type { TargetGroup } from './target-group.ts';

/** After a change, before the next is watched for: changes come in flocks. */
const SETTLE_MS = 1000;

/**
 * Returns the discovery that lists objects of the Kubernetes API and then watches them; where no watch is allowed it
 * lists them at an interval. A refresh returns when something has changed, at the latest after five minutes.
 *
 * @see Prometheus, kubernetes_sd_config; Kubernetes API concepts, efficient detection of changes
 */
export function createKubernetesDiscovery(config: KubernetesSdConfig): Discovery {
  const { lists, groups } = watchedOf(config);
  const mayWatch = (): boolean => lists.every(({ canWatch }) => canWatch);
  let hasFailed = false;
  return {
    kind: 'kubernetes',
    get intervalMs() {
      return mayWatch() && !hasFailed ? SETTLE_MS : config.refresh_interval;
    },
    refresh: async (signal) => {
      try {
        const isWatched = mayWatch();
        if (isWatched) await watchAll(lists, signal);
        const stale = isWatched ? lists.filter(({ canWatch }) => !canWatch) : lists;
        for (const list of stale) await list.list(signal);
        hasFailed = false;
        return { groups: groups(), fault: undefined };
      } catch (error) {
        hasFailed = true;
        return { groups: undefined, fault: describeError(error) };
      }
    },
  };
}

/**
 * Steps for jobs without relabel_configs of their own: the annotations prometheus.io/scrape, scheme, path and port of
 * pods and services, and the labels that joins go by.
 */
export const DEFAULT_KUBERNETES_RELABEL: readonly RelabelStep[] = [
  {
    source_labels: [
      '__meta_kubernetes_pod_annotation_prometheus_io_scrape',
      '__meta_kubernetes_service_annotation_prometheus_io_scrape',
    ],
    regex: 'true;.*|.*;true',
    action: 'keep',
  },
  ...['service', 'pod'].flatMap((kind) => [
    {
      source_labels: [`__meta_kubernetes_${kind}_annotation_prometheus_io_scheme`],
      regex: '(https?)',
      target_label: '__scheme__',
    },
    {
      source_labels: [`__meta_kubernetes_${kind}_annotation_prometheus_io_path`],
      regex: '(.+)',
      target_label: '__metrics_path__',
    },
    {
      source_labels: ['__address__', `__meta_kubernetes_${kind}_annotation_prometheus_io_port`],
      regex: '(\\[[^\\]]+\\]|[^:]+)(?::\\d+)?;(\\d+)',
      replacement: '$1:$2',
      target_label: '__address__',
    },
  ]),
  ...[
    ['__meta_kubernetes_namespace', 'namespace'],
    ['__meta_kubernetes_pod_name', 'pod'],
    ['__meta_kubernetes_service_name', 'service'],
    ['__meta_kubernetes_pod_node_name', 'node'],
  ].map(([from = '', to = '']) => ({ source_labels: [from], target_label: to })),
].map((step) => relabelStepSchema.parse(step));

/** The lists of a role, and the targets that follow from what they hold. */
interface Watched {
  readonly lists: readonly Pick<KubernetesList<Named>, 'canWatch' | 'list' | 'watch'>[];
  readonly groups: () => readonly TargetGroup[];
}

function watchedOf(config: KubernetesSdConfig): Watched {
  const own = { labelSelector: config.label_selector, fieldSelector: config.field_selector };
  const all = <T extends Named>(
    kind: string,
    item: z.ZodType<T>,
    selectors: typeof own | Record<string, never> = own,
  ) => pathsOf(config, kind).map((path) => new KubernetesList({ config, path, selectors, item }));
  switch (config.role) {
    case 'pod': {
      const pods = all('pods', podSchema);
      return { lists: pods, groups: () => objectsOf(pods).flatMap(podGroups) };
    }
    case 'service': {
      const services = all('services', serviceSchema);
      return { lists: services, groups: () => objectsOf(services).flatMap(serviceGroups) };
    }
    case 'node': {
      const nodes = [new KubernetesList({ config, path: '/api/v1/nodes', selectors: own, item: nodeSchema })];
      return { lists: nodes, groups: () => objectsOf(nodes).flatMap(nodeGroups) };
    }
    case 'endpoints': {
      const endpoints = all('endpoints', endpointsSchema);
      const services = all('services', serviceSchema, {});
      const pods = all('pods', podSchema, {});
      const groups = () => joinedGroups(objectsOf(endpoints), byName(objectsOf(services)), byName(objectsOf(pods)));
      return { lists: [...endpoints, ...services, ...pods], groups };
    }
  }
}

/** Watches all lists until one of them changes or ends. */
async function watchAll(lists: Watched['lists'], signal: AbortSignal): Promise<void> {
  const ending = new AbortController();
  const both = AbortSignal.any([signal, ending.signal]);
  await Promise.all(lists.map((list) => list.watch(both).finally(() => ending.abort())));
}

function joinedGroups(
  endpoints: readonly z.output<typeof endpointsSchema>[],
  services: ReadonlyMap<string, z.output<typeof serviceSchema>>,
  pods: ReadonlyMap<string, z.output<typeof podSchema>>,
): readonly TargetGroup[] {
  return endpoints.flatMap((entry) =>
    endpointsGroups(entry, services.get(nameOf(entry)), (namespace, name) => pods.get(`${namespace}/${name}`)),
  );
}

function pathsOf({ namespaces }: KubernetesSdConfig, kind: string): readonly string[] {
  if (namespaces.length === 0) return [`/api/v1/${kind}`];
  return namespaces.map((namespace) => `/api/v1/namespaces/${namespace}/${kind}`);
}

function objectsOf<T extends Named>(lists: readonly KubernetesList<T>[]): readonly T[] {
  return lists.flatMap(({ objects }) => objects);
}

type Named = { readonly metadata: { readonly namespace: string; readonly name: string } };

function nameOf({ metadata }: Named): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function byName<T extends Named>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [nameOf(object), object]));
}
