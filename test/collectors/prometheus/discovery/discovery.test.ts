import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { prometheusConfigSchema } from '../../../../src/collectors/prometheus/config.ts';
import { kubernetesSdSchema } from '../../../../src/collectors/prometheus/discovery/config.ts';
import { createFileDiscovery } from '../../../../src/collectors/prometheus/discovery/file-discovery.ts';
import { createHttpDiscovery } from '../../../../src/collectors/prometheus/discovery/http-discovery.ts';
import {
  createKubernetesDiscovery,
  DEFAULT_KUBERNETES_RELABEL,
} from '../../../../src/collectors/prometheus/discovery/kubernetes-discovery.ts';
import { createRelabel } from '../../../../src/collectors/prometheus/relabel/relabel.ts';
import { resolveTargets } from '../../../../src/collectors/prometheus/scrape-target.ts';
import { type Exporter, startExporter } from '../exporter.ts';
import { ENDPOINTS, kubernetesApi, NODE, pod, SERVICE, TOKEN } from './kubernetes-stand-in.ts';

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'plumbline-discovery-'));
const servers: Exporter[] = [];

afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(...parameters: Parameters<typeof startExporter>): Promise<Exporter> {
  const server = await startExporter(...parameters);
  servers.push(server);
  return server;
}

describe('discovery from files', () => {
  it('reads JSON and YAML, follows files that come and go, and keeps what a broken file had said', async () => {
    const path = (name: string): string => join(folder, name);
    const discovery = createFileDiscovery({ files: [path('t-*.json'), path('one.yml')], refresh_interval: 1000 });
    expect(await discovery.refresh(signal)).toEqual({ groups: [], fault: undefined });
    writeFileSync(path('t-1.json'), JSON.stringify([{ targets: ['a:1', 'b:2'], labels: { site: 'x' } }]));
    writeFileSync(path('one.yml'), '- targets: ["c:3"]\n');
    writeFileSync(path('other.json'), JSON.stringify([{ targets: ['never:1'] }]));
    const a = { targets: ['a:1', 'b:2'], labels: { site: 'x', __meta_filepath: path('t-1.json') } };
    const c = { targets: ['c:3'], labels: { __meta_filepath: path('one.yml') } };
    expect(await discovery.refresh(signal)).toEqual({ groups: [a, c], fault: undefined });
    writeFileSync(path('t-1.json'), '{');
    writeFileSync(path('t-2.json'), '{"targets": ["not a list:1"]}');
    const broken = await discovery.refresh(signal);
    expect(broken.groups).toEqual([a, c]);
    expect(broken.fault).toMatch(/t-1\.json cannot be read: .*t-2\.json is no list of/s);
    rmSync(path('t-1.json'));
    rmSync(path('t-2.json'));
    expect(await discovery.refresh(signal)).toEqual({ groups: [c], fault: undefined });
  });
});

describe('discovery over HTTP', () => {
  it('asks with the token and keeps what was known when the answer is no list', async () => {
    const bodies = ['[{"targets":["a:1"],"labels":{"site":"x"}}]', '{"no":"list"}', '[{"targets":["a b"]}', ''];
    const server = await serve((request, response) => {
      const status = request.headers.authorization === 'Bearer t' ? 200 : 401;
      response
        .writeHead(bodies.length === 1 ? 500 : status, { 'content-type': 'application/json' })
        .end(bodies.shift());
    });
    const url = `http://${server.target}/targets`;
    const discovery = createHttpDiscovery({ url, refresh_interval: 60_000, bearer: 't', headers: {} }, fetch);
    expect(await discovery.refresh(signal)).toEqual({
      groups: [{ targets: ['a:1'], labels: { site: 'x', __meta_url: url } }],
      fault: undefined,
    });
    expect(server.requests[0]).toMatchObject({ 'x-prometheus-refresh-interval-seconds': '60' });
    for (const fault of [/no list of/, /no list of/, /HTTP status 500/]) {
      expect(await discovery.refresh(signal)).toMatchObject({ groups: undefined, fault: expect.stringMatching(fault) });
    }
    await server.stop();
    servers.length = 0;
    expect(await discovery.refresh(signal)).toMatchObject({
      groups: undefined,
      fault: expect.stringMatching(/^No answer/),
    });
  });
});

describe('discovery from Kubernetes', () => {
  const tokenFile = join(folder, 'token');

  async function discover(
    config: Readonly<Record<string, unknown>>,
    lists: Readonly<Record<string, readonly unknown[]>>,
    asked: string[] = [],
  ) {
    writeFileSync(tokenFile, `${TOKEN}\n`);
    const server = await serve(kubernetesApi(lists, asked));
    const parsed = kubernetesSdSchema.parse({
      api_server: `http://${server.target}`,
      token_file: tokenFile,
      ca_file: '',
      ...config,
    });
    return createKubernetesDiscovery(parsed).refresh(signal);
  }

  it('gives each port of a pod the labels that Prometheus gives it, page after page', async () => {
    const asked: string[] = [];
    const pods = [pod('triton-a', '10.1.0.1'), pod('pending', undefined), { broken: true }, pod('six', 'fd00::1')];
    const { groups, fault } = await discover(
      { role: 'pod', namespaces: ['serving'], label_selector: 'app=triton' },
      { '/api/v1/namespaces/serving/pods': pods },
      asked,
    );
    expect(fault).toBeUndefined();
    expect(asked).toEqual([
      '/api/v1/namespaces/serving/pods?limit=500&labelSelector=app%3Dtriton',
      '/api/v1/namespaces/serving/pods?limit=500&continue=2&labelSelector=app%3Dtriton',
    ]);
    expect(groups?.map(({ targets }) => targets)).toEqual([
      ['10.1.0.1:8000'],
      ['10.1.0.1:8002'],
      ['10.1.0.1'],
      ['[fd00::1]:8000'],
      ['[fd00::1]:8002'],
      ['[fd00::1]'],
    ]);
    expect(groups?.[1]?.labels).toEqual({
      __meta_kubernetes_namespace: 'serving',
      __meta_kubernetes_pod_name: 'triton-a',
      __meta_kubernetes_pod_ip: '10.1.0.1',
      __meta_kubernetes_pod_ready: 'true',
      __meta_kubernetes_pod_phase: 'Running',
      __meta_kubernetes_pod_node_name: 'gpu-1',
      __meta_kubernetes_pod_host_ip: '10.0.0.1',
      __meta_kubernetes_pod_uid: 'uid-triton-a',
      __meta_kubernetes_pod_controller_kind: 'ReplicaSet',
      __meta_kubernetes_pod_controller_name: 'triton-7c9',
      __meta_kubernetes_pod_label_app: 'triton',
      __meta_kubernetes_pod_labelpresent_app: 'true',
      __meta_kubernetes_pod_label_serving_kserve_io_inferenceservice: 'fraud',
      __meta_kubernetes_pod_labelpresent_serving_kserve_io_inferenceservice: 'true',
      __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
      __meta_kubernetes_pod_annotationpresent_prometheus_io_scrape: 'true',
      __meta_kubernetes_pod_annotation_prometheus_io_port: '8002',
      __meta_kubernetes_pod_annotationpresent_prometheus_io_port: 'true',
      __meta_kubernetes_pod_annotation_prometheus_io_path: '/m',
      __meta_kubernetes_pod_annotationpresent_prometheus_io_path: 'true',
      __meta_kubernetes_pod_container_name: 'triton',
      __meta_kubernetes_pod_container_image: 'triton:24.05',
      __meta_kubernetes_pod_container_init: 'false',
      __meta_kubernetes_pod_container_id: 'containerd://abc',
      __meta_kubernetes_pod_container_port_name: 'metrics',
      __meta_kubernetes_pod_container_port_number: '8002',
      __meta_kubernetes_pod_container_port_protocol: 'TCP',
    });
  });

  it('scrapes annotated pods once, at the annotated port and path, when the job has no relabelling of its own', async () => {
    const pods = [pod('triton-a', '10.1.0.1'), pod('silent', '10.1.0.2', { annotations: {} })];
    const { groups } = await discover({ role: 'pod' }, { '/api/v1/pods': pods });
    const [job] = prometheusConfigSchema.parse({
      scrape: [{ job: 'k8s', kubernetes_sd_configs: [{ role: 'pod' }] }],
    }).scrape;
    if (job === undefined) throw new Error('There is no job.');
    const resolved = resolveTargets(job, groups ?? [], createRelabel(DEFAULT_KUBERNETES_RELABEL));
    expect(resolved.refused).toEqual([]);
    expect(resolved.targets.map(({ url, labels }) => ({ url, labels }))).toEqual([
      {
        url: 'http://10.1.0.1:8002/m',
        labels: { job: 'k8s', instance: '10.1.0.1:8002', namespace: 'serving', pod: 'triton-a', node: 'gpu-1' },
      },
    ]);
  });

  describe('that is watched', () => {
    /** Lists the pods at version 7, and answers each watch with the next of the answers; one without end stays open. */
    async function watched(pods: readonly unknown[], answers: readonly (readonly unknown[] | number)[]) {
      const asked: string[] = [];
      const left = [...answers];
      writeFileSync(tokenFile, TOKEN);
      const list = kubernetesApi({ '/api/v1/pods': pods });
      const server = await serve((request, response) => {
        const url = new URL(request.url ?? '/', 'http://api');
        if (!url.searchParams.has('watch')) {
          asked.push('list');
          list(request, response);
          return;
        }
        asked.push(`watch from ${url.searchParams.get('resourceVersion')}`);
        const answer = left.shift() ?? 500;
        if (typeof answer === 'number') response.writeHead(answer).end('{"kind":"Status"}');
        else response.end(answer.map((event) => `${JSON.stringify(event)}\n`).join(''));
      });
      const parsed = { role: 'pod', api_server: `http://${server.target}`, token_file: tokenFile, ca_file: '' };
      return { discovery: createKubernetesDiscovery(kubernetesSdSchema.parse(parsed)), asked };
    }

    const at = (object: object, resourceVersion: string) => ({
      ...object,
      metadata: {
        ...('metadata' in object && typeof object.metadata === 'object' ? object.metadata : {}),
        resourceVersion,
      },
    });
    async function addresses(discovery: ReturnType<typeof createKubernetesDiscovery>) {
      const { groups, fault } = await discovery.refresh(signal);
      const ips = groups?.map(({ labels }) => labels['__meta_kubernetes_pod_ip']);
      return { ips: [...new Set(ips)], fault };
    }

    it('is listed once; then what comes, changes and goes is followed from version to version', async () => {
      const { discovery, asked } = await watched(
        [pod('a', '10.1.0.1'), pod('b', '10.1.0.2')],
        [
          [
            { type: 'ADDED', object: at(pod('d', '10.1.0.4'), '8') },
            { type: 'MODIFIED', object: at(pod('a', '10.1.0.9'), '9') },
            { type: 'DELETED', object: at(pod('b', '10.1.0.2'), '10') },
          ],
          [{ type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '25' } } }],
          [],
        ],
      );
      expect((await addresses(discovery)).ips).toEqual(['10.1.0.1', '10.1.0.2']);
      expect((await addresses(discovery)).ips).toEqual(['10.1.0.9', '10.1.0.4']);
      await addresses(discovery);
      expect((await addresses(discovery)).ips).toHaveLength(2);
      expect(asked).toEqual(['list', 'watch from 7', 'watch from 10', 'watch from 25']);
      expect(discovery.intervalMs).toBeLessThan(30_000);
    });

    it.each([
      ['as the answer', 410],
      ['as an event', [{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]],
      ['by something that is no event', ['what?']],
    ])('is listed anew when the version is too old, told %s', async (_, answer) => {
      const { discovery, asked } = await watched([pod('a', '10.1.0.1')], [answer]);
      await discovery.refresh(signal);
      expect(await addresses(discovery)).toEqual({ ips: ['10.1.0.1'], fault: undefined });
      expect(asked).toEqual(['list', 'watch from 7', 'list']);
    });

    it('is listed at the interval where it may not be watched, and what was known stays when the server fails', async () => {
      const { discovery, asked } = await watched([pod('a', '10.1.0.1')], [500, 403]);
      await discovery.refresh(signal);
      expect((await discovery.refresh(signal)).fault).toMatch(/status 500/);
      expect(discovery.intervalMs).toBe(30_000);
      expect(await discovery.refresh(signal)).toEqual({
        groups: undefined,
        fault: expect.stringMatching(/status 403/),
      });
      expect((await addresses(discovery)).ips).toEqual(['10.1.0.1']);
      expect(asked).toEqual(['list', 'watch from 7', 'watch from 7', 'list']);
      expect(discovery.intervalMs).toBe(30_000);
    });
  });

  it('joins endpoints with their service and pods, and finds further ports of these pods', async () => {
    const { groups } = await discover(
      { role: 'endpoints' },
      {
        '/api/v1/endpoints': [ENDPOINTS],
        '/api/v1/services': [SERVICE],
        '/api/v1/pods': [pod('triton-a', '10.1.0.1')],
      },
    );
    const short = groups?.map(({ targets, labels }) => [
      targets[0],
      labels['__meta_kubernetes_endpoint_ready'],
      labels['__meta_kubernetes_service_name'],
      labels['__meta_kubernetes_pod_name'],
      labels['__meta_kubernetes_pod_container_port_name'],
    ]);
    expect(short).toEqual([
      ['10.1.0.1:8002', 'true', 'triton', 'triton-a', 'metrics'],
      ['10.9.9.9:8002', 'false', 'triton', undefined, undefined],
      ['10.1.0.1:8000', undefined, 'triton', 'triton-a', 'http'],
    ]);
    expect(groups?.[0]?.labels).toMatchObject({
      __meta_kubernetes_endpoints_name: 'triton',
      __meta_kubernetes_endpoint_port_name: 'metrics',
      __meta_kubernetes_endpoint_address_target_kind: 'Pod',
      __meta_kubernetes_service_label_app: 'triton',
      __meta_kubernetes_service_cluster_ip: '10.96.0.7',
    });
  });

  it('knows services by their name and nodes by their kubelet', async () => {
    const services = await discover({ role: 'service' }, { '/api/v1/services': [SERVICE] });
    expect(services.groups).toMatchObject([
      { targets: ['triton.serving.svc:8002'], labels: { __meta_kubernetes_service_port_number: '8002' } },
    ]);
    const nodes = await discover({ role: 'node' }, { '/api/v1/nodes': [NODE] });
    expect(nodes.groups).toMatchObject([
      {
        targets: ['10.0.0.1:10250'],
        labels: {
          instance: 'gpu-1',
          __meta_kubernetes_node_label_nvidia_com_gpu_product: 'A100',
          __meta_kubernetes_node_address_InternalIP: '10.0.0.1',
        },
      },
    ]);
  });

  it('tells why it found nothing, without the token', async () => {
    const forbidden = await discover({ role: 'pod' }, {});
    expect(forbidden).toEqual({ groups: undefined, fault: '/api/v1/pods answered with HTTP status 403.' });
    const missing = await discover({ role: 'pod', token_file: join(folder, 'none') }, {});
    expect(missing).toMatchObject({ groups: undefined, fault: expect.stringMatching(/none cannot be read/) });
    const anonymous = await discover({ role: 'pod', token_file: '' }, { '/api/v1/pods': [] });
    expect(anonymous.fault).toMatch(/status 401/);
  });
});
