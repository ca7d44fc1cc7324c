import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import { findFreePort } from '../../src/store/engine/free-port.ts';
import type { Service } from '../../src/app.ts';
import { parseExposition } from '../../src/collectors/prometheus/exposition.ts';
import { type Exporter, startExporter } from '../collectors/prometheus/exporter.ts';
import { request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import { waitFor, whenClosed } from '../support/processes.ts';

const TOKEN = 'a-token-for-prometheus';
const SCRAPES = 8;

const matrix = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.tuple([z.number(), z.string()])) }),
    ),
  }),
});

const binary = requireTool('prometheus');
const folder = mkdtempSync(join(tmpdir(), 'plumbline-prometheus-'));
let service: Service;
let exporter: Exporter;
let prometheus: ChildProcess | undefined;
let address = '';

async function ownMetric(name: string): Promise<number> {
  const { text, headers } = await request(`http://${address}/metrics`);
  const { samples } = parseExposition(text, headers.get('content-type') ?? '');
  const found = samples.filter((sample) => sample.name === name);
  if (found.length === 0) throw new Error(`Prometheus does not show ${name}.`);
  return found.reduce((sum, { value }) => sum + value, 0);
}

describe.skipIf(binary === undefined)('a real Prometheus that writes to the service', () => {
  beforeAll(async () => {
    let scraped = 0;
    exporter = await startExporter((_request, response) => {
      scraped += 1;
      const gpu = `{gpu="0",UUID="GPU-rw",Hostname="node-1",namespace="x",pod="fraud-1"}`;
      response
        .setHeader('content-type', 'text/plain; version=0.0.4')
        .end(
          `ticks_total ${scraped}\nratio{path="C:\\\\x"} ${scraped / 7}\nDCGM_FI_DEV_FB_USED${gpu} 300\nDCGM_FI_DEV_FB_FREE${gpu} 100\n`,
        );
    });
    service = await startInProcess({
      server: { tokens: [{ name: 'prometheus', token: TOKEN, scopes: ['ingest'] }] },
      rules: [],
      models: [{ name: 'fraud', gpu: { pod: 'fraud-.*' } }],
    });
    address = `127.0.0.1:${await findFreePort()}`;
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', external_labels: { cluster: 'test' } },
      scrape_configs: [
        { job_name: 'ours', static_configs: [{ targets: [exporter.target] }] },
        { job_name: 'self', static_configs: [{ targets: [address] }] },
      ],
      remote_write: [
        {
          url: `${service.url}/api/v1/write`,
          authorization: { credentials: TOKEN },
          queue_config: { batch_send_deadline: '1s', max_samples_per_send: 300 },
          metadata_config: { send_interval: '2s' },
        },
      ],
    };
    writeFileSync(`${folder}/prometheus.yml`, JSON.stringify(config));
    prometheus = spawn(
      binary ?? '',
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${address}`,
      ],
      { stdio: 'ignore' },
    );
  });

  afterAll(async () => {
    if (prometheus !== undefined) {
      const closed = whenClosed(prometheus);
      prometheus.kill('SIGKILL');
      await closed;
    }
    await exporter?.stop();
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('never has to repeat or drop samples, and the store holds what Prometheus holds', async () => {
    await exporter.asked(SCRAPES);
    const sql = (more: string) =>
      `SELECT name, toUnixTimestamp64Milli(ts) AS t, value FROM metric_samples WHERE job = 'ours' AND name IN ('ticks_total', 'ratio') ${more} ORDER BY name, t`;
    const rows = await waitFor('the samples of several scrapes', async () => {
      const found = await service.store.rows({ name: 'test_samples', sql: sql('') });
      return found.length >= 2 * (SCRAPES - 1) ? found : undefined;
    });
    const answer = await request(
      `http://${address}/api/v1/query?query=${encodeURIComponent('{job="ours",__name__=~"ticks_total|ratio"}[5m]')}`,
    );
    const theirs = matrix.parse(answer.json()).data.result.flatMap(({ metric, values }) =>
      values.map(([seconds, value]) => ({
        name: metric['__name__'],
        t: Math.round(seconds * 1000),
        value: Number(value),
      })),
    );
    expect(theirs).toEqual(expect.arrayContaining([...rows]));
    expect(theirs.length).toBeGreaterThanOrEqual(rows.length);
    const [labels] = await service.store.rows({
      name: 'test_labels',
      sql: "SELECT labels, instance FROM metric_samples WHERE name = 'ratio' LIMIT 1",
    });
    expect(labels).toEqual({ labels: { cluster: 'test', path: 'C:\\x' }, instance: exporter.target });
    expect(await ownMetric('prometheus_remote_storage_samples_failed_total')).toBe(0);
    expect(await ownMetric('prometheus_remote_storage_samples_retried_total')).toBe(0);
    expect(await ownMetric('prometheus_remote_storage_metadata_failed_total')).toBe(0);
    expect(await ownMetric('prometheus_remote_storage_samples_total')).toBeGreaterThan(1000);
    const [twice] = await service.store.rows({
      name: 'test_twice',
      sql: 'SELECT count() AS n FROM (SELECT 1 FROM metric_samples GROUP BY name, job, instance, ts, toString(labels) HAVING count() > 1)',
    });
    expect(twice).toEqual({ n: 0 });
  });

  it('brings GPU rows joined to their model', async () => {
    const sql =
      "SELECT DISTINCT signal, model, value FROM gpu_samples WHERE gpu = 'GPU-rw' AND signal = 'gpu_memory_used_ratio'";
    const rows = await waitFor('GPU rows', async () => {
      const found = await service.store.rows({ name: 'test_gpu', sql });
      return found.length > 0 ? found : undefined;
    });
    expect(rows).toEqual([{ signal: 'gpu_memory_used_ratio', model: 'fraud', value: 0.75 }]);
  });
});
