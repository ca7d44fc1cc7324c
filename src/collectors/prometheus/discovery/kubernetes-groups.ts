import type { Labels } from '../metric-sample.ts';
import type { Container, Endpoints, Node, Pod, Service } from './kubernetes-objects.ts';
import type { TargetGroup } from './target-group.ts';

const META = '__meta_kubernetes_';

/**
 * Returns a target for each port of each container of a pod, under the labels that Prometheus gives them; a container
 * without ports is one target without a port.
 *
 * @see Prometheus, kubernetes_sd_config, role pod
 */
export function podGroups(pod: Pod): readonly TargetGroup[] {
  const { podIP } = pod.status;
  if (podIP === '') return [];
  const common = { [`${META}namespace`]: pod.metadata.namespace, ...podLabels(pod) };
  return containersOf(pod).flatMap(({ container, init }) => {
    const labels = { ...common, ...containerLabels(pod, container, init) };
    if (container.ports.length === 0) return [group(hostOf(podIP), labels)];
    return container.ports.map((port) =>
      group(`${hostOf(podIP)}:${port.containerPort}`, { ...labels, ...containerPortLabels(port) }),
    );
  });
}

/** Returns a target for each port of a service, at its name in the cluster. @see Prometheus, role service */
export function serviceGroups(service: Service): readonly TargetGroup[] {
  const { name, namespace } = service.metadata;
  const labels = { [`${META}namespace`]: namespace, ...serviceLabels(service) };
  return service.spec.ports.map((port) =>
    group(`${name}.${namespace}.svc:${port.port}`, {
      ...labels,
      [`${META}service_port_name`]: port.name,
      [`${META}service_port_number`]: String(port.port),
      [`${META}service_port_protocol`]: port.protocol,
    }),
  );
}

/** Returns the kubelet of a node as a target. @see Prometheus, role node */
export function nodeGroups(node: Node): readonly TargetGroup[] {
  const { addresses, daemonEndpoints } = node.status;
  const kinds = ['InternalIP', 'ExternalIP', 'LegacyHostIP', 'HostName'];
  const address = kinds.map((kind) => addresses.find(({ type }) => type === kind)?.address).find(Boolean);
  if (address === undefined) return [];
  const port = daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250;
  return [
    group(`${hostOf(address)}:${port}`, {
      instance: node.metadata.name,
      [`${META}node_name`]: node.metadata.name,
      [`${META}node_provider_id`]: node.spec.providerID,
      ...describedLabels('node', node.metadata),
      ...Object.fromEntries(
        addresses.toReversed().map((entry) => [`${META}node_address_${entry.type}`, entry.address]),
      ),
    }),
  ];
}

/**
 * Returns a target for each address and port of the endpoints of a service, with the labels of the service and of the
 * pod behind, and one for each further port of such a pod.
 *
 * @see Prometheus, kubernetes_sd_config, role endpoints
 */
export function endpointsGroups(
  endpoints: Endpoints,
  service: Service | undefined,
  podOf: (namespace: string, name: string) => Pod | undefined,
): readonly TargetGroup[] {
  const { namespace, name } = endpoints.metadata;
  const common = {
    [`${META}namespace`]: namespace,
    [`${META}endpoints_name`]: name,
    ...describedLabels('endpoints', endpoints.metadata),
    ...(service === undefined ? {} : serviceLabels(service)),
  };
  const groups: TargetGroup[] = [];
  const pods = new Map<Pod, Set<number>>();
  for (const { addresses, notReadyAddresses, ports } of endpoints.subsets) {
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    for (const { address, ready } of all) {
      const { targetRef } = address;
      const pod = targetRef?.kind === 'Pod' ? podOf(targetRef.namespace || namespace, targetRef.name) : undefined;
      const labels = { ...common, ...addressLabels(address, ready) };
      for (const port of ports) {
        groups.push(
          group(`${hostOf(address.ip)}:${port.port}`, { ...labels, ...endpointPort(port), ...behind(pod, port.port) }),
        );
        if (pod !== undefined) pods.set(pod, (pods.get(pod) ?? new Set()).add(port.port));
      }
    }
  }
  return [...groups, ...[...pods].flatMap(([pod, seen]) => furtherPorts(pod, seen, common))];
}

function furtherPorts(pod: Pod, seen: ReadonlySet<number>, common: Labels): readonly TargetGroup[] {
  return podGroups(pod).flatMap(({ targets, labels }) => {
    const port = labels[`${META}pod_container_port_number`];
    return port === undefined || seen.has(Number(port)) ? [] : [{ targets, labels: { ...labels, ...common } }];
  });
}

function addressLabels(address: Endpoints['subsets'][number]['addresses'][number], ready: boolean): Labels {
  const { targetRef, nodeName, hostname } = address;
  return {
    [`${META}endpoint_ready`]: String(ready),
    [`${META}endpoint_node_name`]: nodeName,
    [`${META}endpoint_hostname`]: hostname,
    [`${META}endpoint_address_target_kind`]: targetRef?.kind ?? '',
    [`${META}endpoint_address_target_name`]: targetRef?.name ?? '',
  };
}

function endpointPort(port: { readonly name: string; readonly protocol: string }): Labels {
  return { [`${META}endpoint_port_name`]: port.name, [`${META}endpoint_port_protocol`]: port.protocol };
}

/** Labels of the pod behind an address and of its container that has the port. */
function behind(pod: Pod | undefined, portNumber: number): Labels {
  if (pod === undefined) return {};
  for (const { container, init } of containersOf(pod)) {
    const port = container.ports.find(({ containerPort }) => containerPort === portNumber);
    if (port !== undefined) {
      return { ...podLabels(pod), ...containerLabels(pod, container, init), ...containerPortLabels(port) };
    }
  }
  return podLabels(pod);
}

function containersOf(pod: Pod): readonly { readonly container: Container; readonly init: boolean }[] {
  return [
    ...pod.spec.containers.map((container) => ({ container, init: false })),
    ...pod.spec.initContainers.map((container) => ({ container, init: true })),
  ];
}

function podLabels(pod: Pod): Labels {
  const { metadata, spec, status } = pod;
  const controller = metadata.ownerReferences.find((owner) => owner.controller === true);
  return {
    [`${META}pod_name`]: metadata.name,
    [`${META}pod_ip`]: status.podIP,
    [`${META}pod_ready`]: (status.conditions.find(({ type }) => type === 'Ready')?.status ?? 'unknown').toLowerCase(),
    [`${META}pod_phase`]: status.phase,
    [`${META}pod_node_name`]: spec.nodeName,
    [`${META}pod_host_ip`]: status.hostIP,
    [`${META}pod_uid`]: metadata.uid,
    [`${META}pod_controller_kind`]: controller?.kind ?? '',
    [`${META}pod_controller_name`]: controller?.name ?? '',
    ...describedLabels('pod', metadata),
  };
}

function containerLabels(pod: Pod, container: Container, init: boolean): Labels {
  const statuses = init ? pod.status.initContainerStatuses : pod.status.containerStatuses;
  return {
    [`${META}pod_container_name`]: container.name,
    [`${META}pod_container_image`]: container.image,
    [`${META}pod_container_init`]: String(init),
    [`${META}pod_container_id`]: statuses.find(({ name }) => name === container.name)?.containerID ?? '',
  };
}

function containerPortLabels(port: Container['ports'][number]): Labels {
  return {
    [`${META}pod_container_port_name`]: port.name,
    [`${META}pod_container_port_number`]: String(port.containerPort),
    [`${META}pod_container_port_protocol`]: port.protocol === '' ? 'TCP' : port.protocol,
  };
}

function serviceLabels(service: Service): Labels {
  const { type, clusterIP, externalName, loadBalancerIP } = service.spec;
  return {
    [`${META}service_name`]: service.metadata.name,
    [`${META}service_type`]: type,
    ...(type === 'ExternalName'
      ? { [`${META}service_external_name`]: externalName }
      : { [`${META}service_cluster_ip`]: clusterIP }),
    ...(type === 'LoadBalancer' ? { [`${META}service_loadbalancer_ip`]: loadBalancerIP } : {}),
    ...describedLabels('service', service.metadata),
  };
}

/** Labels and annotations, with a label that says that each is there. */
function describedLabels(kind: string, metadata: { readonly labels: Labels; readonly annotations: Labels }): Labels {
  const entries = [
    ['label', metadata.labels],
    ['annotation', metadata.annotations],
  ] as const;
  return Object.fromEntries(
    entries.flatMap(([what, record]) =>
      Object.entries(record).flatMap(([name, value]) => [
        [`${META}${kind}_${what}_${sanitize(name)}`, value],
        [`${META}${kind}_${what}present_${sanitize(name)}`, 'true'],
      ]),
    ),
  );
}

function sanitize(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

function group(address: string, labels: Labels): TargetGroup {
  return { targets: [address], labels };
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
