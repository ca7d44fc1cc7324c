import { z } from 'zod';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const words = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

const metadata = z.object({
  name: z.string(),
  namespace: text,
  uid: text,
  labels: words,
  annotations: words,
  ownerReferences: list(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() })),
});

const container = z.object({
  name: z.string(),
  image: text,
  ports: list(z.object({ name: text, containerPort: z.number(), protocol: text })),
});

/** What is read of a pod. */
export const podSchema = z.object({
  metadata,
  spec: z.object({ nodeName: text, containers: list(container), initContainers: list(container) }),
  status: z
    .object({
      podIP: text,
      hostIP: text,
      phase: text,
      conditions: list(z.object({ type: z.string(), status: z.string() })),
      containerStatuses: list(z.object({ name: z.string(), containerID: text })),
      initContainerStatuses: list(z.object({ name: z.string(), containerID: text })),
    })
    .prefault({}),
});

const servicePort = z.object({ name: text, port: z.number(), protocol: text });

/** What is read of a service. */
export const serviceSchema = z.object({
  metadata,
  spec: z
    .object({ type: text, clusterIP: text, externalName: text, loadBalancerIP: text, ports: list(servicePort) })
    .prefault({}),
});

const endpointAddress = z.object({
  ip: z.string(),
  hostname: text,
  nodeName: text,
  targetRef: z.object({ kind: text, name: text, namespace: text }).nullish(),
});

/** What is read of the endpoints of a service. */
export const endpointsSchema = z.object({
  metadata,
  subsets: list(
    z.object({
      addresses: list(endpointAddress),
      notReadyAddresses: list(endpointAddress),
      ports: list(servicePort),
    }),
  ),
});

/** What is read of a node. */
export const nodeSchema = z.object({
  metadata,
  spec: z.object({ providerID: text }).prefault({}),
  status: z
    .object({
      addresses: list(z.object({ type: z.string(), address: z.string() })),
      daemonEndpoints: z.object({ kubeletEndpoint: z.object({ Port: z.number() }).nullish() }).nullish(),
    })
    .prefault({}),
});

export type Pod = z.output<typeof podSchema>;
export type Service = z.output<typeof serviceSchema>;
export type Endpoints = z.output<typeof endpointsSchema>;
export type Node = z.output<typeof nodeSchema>;
export type Container = Pod['spec']['containers'][number];
