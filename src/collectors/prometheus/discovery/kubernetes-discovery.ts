import type { z } from 'zod';
import { describeError } from '../../../core/errors.ts';
import type { KubernetesSdConfig } from './config.ts';
import type { Discovery } from './discovery.ts';
import { listObjects } from './kubernetes-api.ts';
import { endpointsGroups, nodeGroups, podGroups, serviceGroups } from './kubernetes-groups.ts';
import { endpointsSchema, nodeSchema, podSchema, serviceSchema } from './kubernetes-objects.ts';
import { type RelabelStep, relabelStepSchema } from '../relabel/config.ts';
import type { TargetGroup } from './target-group.ts';

/** Returns the discovery that lists objects of the Kubernetes API at an interval. @see Prometheus, kubernetes_sd_config */
export function createKubernetesDiscovery(config: KubernetesSdConfig): Discovery {
  return {
    kind: 'kubernetes',
    intervalMs: config.refresh_interval,
    refresh: async (signal) => {
      try {
        return { groups: await groupsOf(config, signal), fault: undefined };
      } catch (error) {
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

async function groupsOf(config: KubernetesSdConfig, signal: AbortSignal): Promise<readonly TargetGroup[]> {
  const own = { labelSelector: config.label_selector, fieldSelector: config.field_selector };
  const list = <T>(kind: string, item: z.ZodType<T>, selectors: typeof own | Record<string, never> = {}) =>
    listEverywhere({ config, kind, item, selectors, signal });
  switch (config.role) {
    case 'pod':
      return (await list('pods', podSchema, own)).flatMap(podGroups);
    case 'service':
      return (await list('services', serviceSchema, own)).flatMap(serviceGroups);
    case 'node': {
      const nodes = await listObjects({ config, path: '/api/v1/nodes', selectors: own, item: nodeSchema, signal });
      return nodes.flatMap(nodeGroups);
    }
    case 'endpoints': {
      const endpoints = await list('endpoints', endpointsSchema, own);
      const services = byName(await list('services', serviceSchema));
      const pods = byName(await list('pods', podSchema));
      return endpoints.flatMap((entry) =>
        endpointsGroups(entry, services.get(nameOf(entry)), (namespace, name) => pods.get(`${namespace}/${name}`)),
      );
    }
  }
}

async function listEverywhere<T>(options: {
  readonly config: KubernetesSdConfig;
  readonly kind: string;
  readonly item: z.ZodType<T>;
  readonly selectors: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}): Promise<readonly T[]> {
  const { config, kind, ...rest } = options;
  const paths =
    config.namespaces.length === 0
      ? [`/api/v1/${kind}`]
      : config.namespaces.map((namespace) => `/api/v1/namespaces/${namespace}/${kind}`);
  const lists: (readonly T[])[] = [];
  for (const path of paths) lists.push(await listObjects({ config, path, ...rest }));
  return lists.flat();
}

type Named = { readonly metadata: { readonly namespace: string; readonly name: string } };

function nameOf({ metadata }: Named): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function byName<T extends Named>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [nameOf(object), object]));
}
