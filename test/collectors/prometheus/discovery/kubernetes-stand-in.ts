import type { RequestListener } from 'node:http';

export const TOKEN = 'kube-token';

const owner = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'triton-7c9', uid: 'r-1', controller: true }];

/** A pod as the API shows it, shortened. */
export function pod(name: string, ip: string | undefined, more: Readonly<Record<string, unknown>> = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'serving',
      uid: `uid-${name}`,
      labels: { app: 'triton', 'serving.kserve.io/inferenceservice': 'fraud' },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8002', 'prometheus.io/path': '/m' },
      ownerReferences: owner,
      ...more,
    },
    spec: {
      nodeName: 'gpu-1',
      containers: [
        {
          name: 'triton',
          image: 'triton:24.05',
          ports: [
            { name: 'http', containerPort: 8000, protocol: 'TCP' },
            { name: 'metrics', containerPort: 8002, protocol: 'TCP' },
          ],
        },
        { name: 'sidecar', image: 'sidecar:1' },
      ],
    },
    status: {
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: ip,
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'triton', containerID: 'containerd://abc' }],
    },
  };
}

export const SERVICE = {
  metadata: { name: 'triton', namespace: 'serving', labels: { app: 'triton' }, annotations: {} },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.7',
    ports: [{ name: 'metrics', port: 8002, protocol: 'TCP', targetPort: 8002 }],
  },
};

export const ENDPOINTS = {
  metadata: { name: 'triton', namespace: 'serving' },
  subsets: [
    {
      addresses: [
        { ip: '10.1.0.1', nodeName: 'gpu-1', targetRef: { kind: 'Pod', name: 'triton-a', namespace: 'serving' } },
      ],
      notReadyAddresses: [{ ip: '10.9.9.9' }],
      ports: [{ name: 'metrics', port: 8002, protocol: 'TCP' }],
    },
  ],
};

export const NODE = {
  metadata: { name: 'gpu-1', labels: { 'nvidia.com/gpu.product': 'A100' } },
  spec: { providerID: 'aws:///i-1' },
  status: {
    addresses: [
      { type: 'Hostname', address: 'gpu-1.local' },
      { type: 'InternalIP', address: '10.0.0.1' },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
  },
};

/**
 * Answers lists as the API server does, two objects a page, to those who bring the token; `asked` gets every path with
 * its query.
 */
export function kubernetesApi(
  lists: Readonly<Record<string, readonly unknown[]>>,
  asked: string[] = [],
): RequestListener {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://api');
    asked.push(`${url.pathname}${url.search}`);
    response.setHeader('content-type', 'application/json');
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      response
        .writeHead(401)
        .end(JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Unauthorized', code: 401 }));
      return;
    }
    const items = lists[url.pathname];
    if (items === undefined) {
      response
        .writeHead(403)
        .end(JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403 }));
      return;
    }
    const from = Number(url.searchParams.get('continue') ?? 0);
    const next = from + 2 < items.length ? String(from + 2) : '';
    response.end(
      JSON.stringify({
        kind: 'List',
        apiVersion: 'v1',
        metadata: { resourceVersion: '7', continue: next },
        items: items.slice(from, from + 2),
      }),
    );
  };
}
