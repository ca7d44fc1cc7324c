import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import { parseConfig } from '../../src/config.ts';
import { packageVersion } from '../../src/package-info.ts';
import { readYaml } from './read-yaml.ts';

const FOLDER = 'deploy/compose';
const serviceSchema = z.looseObject({
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  image: z.string(),
  depends_on: z.record(z.string(), z.unknown()).default({}),
  network_mode: z.string().optional(),
  volumes: z.array(z.string()),
  secrets: z.array(z.string()).default([]),
});
const compose = readYaml(
  `${FOLDER}/docker-compose.yaml`,
  z.looseObject({
    services: z.record(z.string(), serviceSchema),
    volumes: z.record(z.string(), z.null()),
    secrets: z.record(z.string(), z.object({ file: z.string() })),
  }),
);
const services = Object.entries(compose.services).map(([name, service]) => ({ name, service }));

interface Mount {
  readonly from: string;
  readonly to: string;
}

function mountsOf(service: z.infer<typeof serviceSchema>): readonly Mount[] {
  return service.volumes.map((text) => {
    const [from = '', to = ''] = text.split(':');
    return { from, to };
  });
}

const isPath = ({ from }: Mount): boolean => from.startsWith('.');
const promtool = requireTool('promtool');

describe.each(services)('the service $name', ({ name, service }) => {
  test('mounts files that exist and volumes that are declared', () => {
    const mounts = mountsOf(service);
    expect(mounts.filter((mount) => isPath(mount) && !existsSync(join(FOLDER, mount.from)))).toEqual([]);
    expect(mounts.filter((mount) => !isPath(mount) && !Object.hasOwn(compose.volumes, mount.from))).toEqual([]);
  });

  test('names only secrets and services that are declared', () => {
    for (const secret of service.secrets) expect(Object.keys(compose.secrets)).toContain(secret);
    const others = [
      ...Object.keys(service.depends_on),
      ...(service.network_mode?.startsWith('service:') ? [service.network_mode.slice('service:'.length)] : []),
    ];
    for (const other of others) expect(Object.keys(compose.services)).toContain(other);
    expect(others).not.toContain(name);
  });

  test('is pinned to a version', () => {
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/);
  });
});

describe('the composition', () => {
  test('builds the image of this version from the Dockerfile', () => {
    const plumbline = compose.services['plumbline'];
    expect(plumbline?.image).toBe(`plumbline:${packageVersion}`);
    expect(existsSync(join(FOLDER, plumbline?.build?.context ?? '', plumbline?.build?.dockerfile ?? ''))).toBe(true);
  });

  test('keeps its secrets out of the repository', () => {
    const paths = Object.values(compose.secrets).map(({ file }) => join(FOLDER, file));
    expect(paths.filter((path) => spawnSync('git', ['check-ignore', '-q', path]).status !== 0)).toEqual([]);
  });

  test('gives Plumbline a configuration it accepts and every secret that it names', () => {
    const text = readFileSync(`${FOLDER}/plumbline.yaml`, 'utf8');
    const named = [...text.matchAll(/^[^#\n]*file:\/run\/secrets\/(\w+)/gm)].map((match) => match[1]);
    expect(named).toEqual(compose.services['plumbline']?.secrets);
    const filled = readYaml(`${FOLDER}/plumbline.yaml`, z.unknown());
    const config = parseConfig(
      JSON.parse(JSON.stringify(filled).replaceAll(/file:\/run\/secrets\/\w+/g, 'a-secret-of-many-letters')),
      'compose',
    );
    expect(config.server.tokens).toHaveLength(3);
    const data = mountsOf(compose.services['plumbline'] ?? { image: '', volumes: [], secrets: [], depends_on: {} }).map(
      ({ to }) => to,
    );
    expect(data).toContain(config.clickhouse.path);
    expect(compose.services['grafana']?.['environment']).toMatchObject({
      PLUMBLINE_CLICKHOUSE_PORT: String(config.clickhouse.port),
    });
  });

  test('gives Grafana every variable that its data sources name', () => {
    const named = [
      ...readFileSync('deploy/grafana/provisioning/datasources/plumbline.yaml', 'utf8').matchAll(/\$(PLUMBLINE_\w+)/g),
    ].map((match) => match[1]);
    const script = readFileSync(`${FOLDER}/start-grafana.sh`, 'utf8');
    const given = [
      ...Object.keys(Object(compose.services['grafana']?.['environment'])),
      ...[...script.matchAll(/^export (\w+)/gm)].map((match) => match[1]),
    ];
    expect(given).toEqual(expect.arrayContaining(named));
    expect(spawnSync('sh', ['-n', `${FOLDER}/start-grafana.sh`]).status).toBe(0);
  });
});

describe.skipIf(promtool === undefined)(
  `the configuration of Prometheus ${promtool === undefined ? '(NOT RUN: promtool is missing)' : ''}`,
  () => {
    let root: string;
    beforeAll(() => {
      root = mkdtempSync(join(tmpdir(), 'plumbline-compose-'));
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    function layOut(): string {
      const prometheus = compose.services['prometheus'];
      for (const mount of prometheus === undefined ? [] : mountsOf(prometheus).filter(isPath)) {
        const target = join(root, mount.to);
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(FOLDER, mount.from), target, { recursive: statSync(join(FOLDER, mount.from)).isDirectory() });
      }
      mkdirSync(join(root, 'run/secrets'), { recursive: true });
      for (const secret of prometheus?.secrets ?? [])
        writeFileSync(join(root, 'run/secrets', secret), 'a-secret-of-many-letters');
      const file = join(root, 'etc/prometheus/prometheus.yml');
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('/run/secrets/', `${root}/run/secrets/`));
      return file;
    }

    test('is accepted by promtool with the rules and secrets that the composition mounts', () => {
      const output = execFileSync(promtool ?? '', ['check', 'config', layOut()], { encoding: 'utf8' });
      expect(output).toContain('is valid prometheus config file syntax');
      expect(output).toMatch(/2 rule files found/);
      expect(output).toMatch(/SUCCESS: [1-9]\d* rules found/);
    });

    test('is refused by promtool when the secret is not mounted', () => {
      const file = layOut();
      rmSync(join(root, 'run/secrets'), { recursive: true });
      expect(spawnSync(promtool ?? '', ['check', 'config', file]).status).not.toBe(0);
    });
  },
);

describe('the Dockerfile', () => {
  const dockerfile = readFileSync('deploy/Dockerfile', 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
    (match[1] ?? '').split(' '),
  );

  test('copies what exists and what its ignore file lets through', () => {
    const allowed = [...readFileSync('deploy/Dockerfile.dockerignore', 'utf8').matchAll(/^!(.+)$/gm)].map(
      (match) => match[1],
    );
    expect(copied.length).toBeGreaterThan(8);
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
    expect(allowed).toEqual(expect.arrayContaining(copied.map((path) => path.split('/')[0])));
  });

  test('brings every folder that the service reads at run time', () => {
    expect(copied.map((path) => basename(path))).toEqual(
      expect.arrayContaining(['alerts', 'runbooks', 'generated', 'package.json']),
    );
  });

  test('runs as nobody in particular', () => {
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
  });
});
