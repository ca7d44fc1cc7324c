import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../src/config.ts';
import { packageVersion } from '../../src/package-info.ts';
import { readYaml } from './read-yaml.ts';

const BASE = 'deploy/kustomize/base';
const kustomization = readYaml(
  `${BASE}/kustomization.yaml`,
  z.looseObject({
    namespace: z.string(),
    resources: z.array(z.string()),
    configMapGenerator: z.array(z.object({ name: z.string(), files: z.array(z.string()) })),
    images: z.array(z.object({ name: z.string(), newTag: z.string() })),
    labels: z.array(z.object({ includeSelectors: z.boolean(), pairs: z.record(z.string(), z.string()) })),
  }),
);
const objects = kustomization.resources.map((file) =>
  readYaml(
    `${BASE}/${file}`,
    z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }), spec: z.unknown().optional() }),
  ),
);
const secret = readYaml(
  'deploy/kustomize/secret.example.yaml',
  z.looseObject({
    metadata: z.object({ name: z.string(), namespace: z.string() }),
    stringData: z.record(z.string(), z.string()),
  }),
);
const [generator] = kustomization.configMapGenerator;

function nameOf(kind: string): string | undefined {
  return objects.find((object) => object.kind === kind)?.metadata.name;
}

const deployment = z
  .object({
    template: z.object({
      spec: z.looseObject({
        containers: z.tuple([
          z.looseObject({
            image: z.string(),
            args: z.array(z.string()),
            ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
            envFrom: z.array(z.object({ secretRef: z.object({ name: z.string() }) })),
            resources: z.object({ limits: z.object({ memory: z.string() }) }).loose(),
            volumeMounts: z.array(
              z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() }),
            ),
          }),
        ]),
        volumes: z.array(
          z.object({
            name: z.string(),
            persistentVolumeClaim: z.object({ claimName: z.string() }).optional(),
            configMap: z.object({ name: z.string() }).optional(),
            emptyDir: z.object({}).optional(),
          }),
        ),
      }),
    }),
  })
  .loose()
  .parse(objects.find(({ kind }) => kind === 'Deployment')?.spec);
const { containers, volumes } = deployment.template.spec;
const [container] = containers;

/** The configuration as the pod sees it, every ${NAME} replaced from the example of the secret. */
function configuration() {
  const raw: unknown = JSON.parse(
    JSON.stringify(readYaml(`${BASE}/plumbline.yaml`, z.unknown())).replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
      const value = secret.stringData[name];
      if (value === undefined) throw new Error(`The secret has no ${name}.`);
      return value;
    }),
  );
  return parseConfig(raw, 'kustomize');
}

describe('the base', () => {
  test('has a workload, its service, its disk and its monitor', () => {
    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      'Deployment',
      'Namespace',
      'PersistentVolumeClaim',
      'Service',
      'ServiceMonitor',
    ]);
    for (const file of generator?.files ?? ['none']) expect(existsSync(join(BASE, file))).toBe(true);
  });

  test('runs the image of this version', () => {
    expect(kustomization.images).toEqual([{ name: container.image, newTag: packageVersion }]);
  });

  test('mounts the claim, the configuration and nothing that is not there', () => {
    expect(volumes.find((volume) => volume.persistentVolumeClaim)?.persistentVolumeClaim?.claimName).toBe(
      nameOf('PersistentVolumeClaim'),
    );
    expect(volumes.find((volume) => volume.configMap)?.configMap?.name).toBe(generator?.name);
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.map(({ name }) => name).sort());
  });

  test('has a configuration that Plumbline accepts with the keys of the secret', () => {
    const config = configuration();
    expect(config.server.tokens.map(({ scopes }) => scopes)).toEqual([['ingest'], ['read'], ['admin']]);
    expect(container.volumeMounts.find(({ name }) => name === 'data')?.mountPath).toBe(config.clickhouse.path);
    expect(container.ports).toEqual([{ name: 'http', containerPort: config.server.port }]);
    const mounted = container.volumeMounts.find(({ name }) => name === 'config')?.mountPath;
    expect(container.args).toContain(`${mounted}/${generator?.files[0]}`);
  });

  test('lets the container have more memory than the engine may take', () => {
    const [, gibibytes] = /^(\d+)Gi$/.exec(container.resources.limits.memory) ?? [];
    expect(Number(gibibytes) * 1024 ** 3).toBeGreaterThan(configuration().clickhouse.memory_bytes + 1024 ** 3);
  });

  test('takes its secrets from the secret of the example', () => {
    expect(container.envFrom).toEqual([{ secretRef: { name: secret.metadata.name } }]);
    expect(secret.metadata.namespace).toBe(kustomization.namespace);
  });

  test('is scraped through the service with the token for reading', () => {
    const monitor = z
      .looseObject({
        selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
        endpoints: z.array(
          z.looseObject({
            port: z.string(),
            authorization: z.object({ credentials: z.object({ name: z.string(), key: z.string() }) }),
          }),
        ),
      })
      .parse(objects.find(({ kind }) => kind === 'ServiceMonitor')?.spec);
    const service = z
      .looseObject({ ports: z.array(z.looseObject({ name: z.string(), targetPort: z.string() })) })
      .parse(objects.find(({ kind }) => kind === 'Service')?.spec);
    expect(kustomization.labels.map(({ pairs }) => pairs)).toContainEqual(monitor.selector.matchLabels);
    expect(monitor.endpoints.map(({ port }) => port)).toEqual(service.ports.map(({ name }) => name));
    expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(container.ports.map(({ name }) => name));
    const token = configuration().server.tokens.find(({ scopes }) => scopes.includes('read'));
    for (const { authorization } of monitor.endpoints) {
      expect(authorization.credentials.name).toBe(secret.metadata.name);
      expect(secret.stringData[authorization.credentials.key]).toBe(token?.token);
    }
  });
});
