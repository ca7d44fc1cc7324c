import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { kubernetesApi, pod, TOKEN } from '../collectors/prometheus/discovery/kubernetes-stand-in.ts';
import { type Exporter, startExporter } from '../collectors/prometheus/exporter.ts';
import { request } from '../support/client.ts';
import { waitFor } from '../support/processes.ts';
import { ask, ServiceYard } from '../support/service.ts';

const yard = new ServiceYard();
const servers: Exporter[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await yard.end();
});

async function serve(...parameters: Parameters<typeof startExporter>): Promise<Exporter> {
  const server = await startExporter(...parameters);
  servers.push(server);
  return server;
}

const JSON_TYPE = { 'content-type': 'application/json' } as const;

describe('the service', () => {
  it('scrapes what files, HTTP and Kubernetes name, and what a Prometheus answers, without a restart', async () => {
    const exporter = await serve((incoming, response) => response.end(`asked_total{path="${incoming.url}"} 1\n`));
    const [host = '', port = ''] = exporter.target.split(':');
    const listing = await serve((_request, response) =>
      response.writeHead(200, JSON_TYPE).end(JSON.stringify([{ targets: [exporter.target], labels: { via: 'http' } }])),
    );
    const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': port, 'prometheus.io/path': '/pod' };
    const kubernetes = await serve(kubernetesApi({ '/api/v1/pods': [pod('triton-a', host, { annotations })] }));
    const prometheus = await serve((_request, response) => {
      const now = Math.floor(Date.now() / 1000);
      const result = [{ metric: { zone: 'a' }, values: [[now, '0.25']] }];
      response
        .writeHead(200, JSON_TYPE)
        .end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
    });
    const timing = { interval: '500ms', timeout: '500ms' };
    const path = yard.folder();
    writeFileSync(`${path}/token`, TOKEN);
    const file = `${path}/targets.yml`;
    const api = { api_server: `http://${kubernetes.target}`, token_file: `${path}/token`, ca_file: '' };
    yard.configure(path, {
      rules: [],
      collectors: {
        prometheus: {
          scrape: [
            { job: 'files', file_sd_configs: [{ files: [file], refresh_interval: '500ms' }], ...timing },
            { job: 'http', http_sd_configs: [{ url: `http://${listing.target}/` }], ...timing },
            { job: 'pods', kubernetes_sd_configs: [{ role: 'pod', ...api }], ...timing },
          ],
          query: [{ name: 'conversion', url: `http://${prometheus.target}`, expr: 'x', interval: '1s', delay: '1s' }],
        },
      },
    });
    const service = await yard.start(path);
    const row = z.object({ name: z.string(), job: z.string(), labels: z.record(z.string(), z.string()) });
    const seen = (job: string) =>
      waitFor(`samples of ${job}`, async () => {
        const rows = await ask(
          path,
          row,
          `SELECT name, job, labels FROM metric_samples WHERE job = '${job}' AND name IN ('asked_total', 'conversion') LIMIT 1`,
        );
        return rows[0];
      });
    expect(await seen('http')).toMatchObject({ labels: { via: 'http', path: '/metrics' } });
    expect(await seen('pods')).toMatchObject({ labels: { path: '/pod', pod: 'triton-a', namespace: 'serving' } });
    expect(await seen('prometheus-query')).toMatchObject({ name: 'conversion', labels: { zone: 'a' } });
    writeFileSync(file, `- targets: ["${exporter.target}"]\n  labels: {via: file}\n`);
    expect(await seen('files')).toMatchObject({ labels: { via: 'file', path: '/metrics' } });
    writeFileSync(file, '[]\n');
    await waitFor('the target of the file to be gone', async () => {
      const { text } = await request(`${service.url}/metrics`);
      return text.includes('plumbline_discovery_targets{job="files"} 0') ? true : undefined;
    });
    const { code } = await yard.stop(service);
    expect(code).toBe(0);
    expect(JSON.stringify(service.log())).not.toContain(TOKEN);
  });
});
