import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dashboards } from '../../dashboards/index.ts';
import { requireTool } from '../../scripts/real-components.ts';
import { findFreePort } from '../../src/store/engine/free-port.ts';
import type { Service } from '../../src/app.ts';
import { KafkaMetrics } from '../../src/collectors/kafka/kafka-metrics.ts';
import { interpolate } from '../../src/grafana/interpolate.ts';
import { objectsAt, textAt } from '../../src/grafana/json.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { type Exporter, startExporter } from '../collectors/prometheus/exporter.ts';
import { predictionLine, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import { waitFor, whenClosed } from '../support/processes.ts';

/** A name that PromQL could take for a regular expression. */
const MODEL = 'ranker.v2';
const MINUTE = 60_000;
const NOW = Math.floor(Date.now() / MINUTE) * MINUTE;

/** Expressions that are empty while nothing is wrong. */
const EMPTY_WHEN_WELL = /> 0$/;

const expressions = dashboards.flatMap((make) => {
  const dashboard = make();
  return objectsAt(dashboard, 'panels').flatMap((panel) =>
    objectsAt(panel, 'targets')
      .filter((target) => textAt(target, 'expr') !== '')
      .map((target) => ({
        name: `${textAt(dashboard, 'uid')}: ${textAt(panel, 'title')} ${textAt(target, 'refId')}`,
        expr: interpolate(textAt(target, 'expr'), { values: { model: [MODEL] }, source: 'prometheus' }),
      })),
  );
});

const answerSchema = z.object({
  status: z.string(),
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});

const binary = requireTool('prometheus');
const folder = mkdtempSync(join(tmpdir(), 'plumbline-own-metrics-'));
let service: Service | undefined;
let exporters: readonly Exporter[] = [];
let prometheus: ChildProcess | undefined;
let address = '';

describe.skipIf(binary === undefined)('PromQL of the dashboards on a real Prometheus that scrapes the service', () => {
  beforeAll(async () => {
    const [gpus, receiver, kafka] = await Promise.all([startExporter(gpuMetrics), startExporter(ok), startKafka()]);
    exporters = [gpus, receiver, kafka];
    service = await startInProcess({
      rules: [writeRule()],
      notify: { webhooks: [{ name: 'pager', url: `http://${receiver.target}/` }] },
      collectors: { prometheus: { scrape: [{ job: 'dcgm', targets: [gpus.target] }] } },
      models: [{ name: MODEL, gpu: { pod: 'ranker-.*' } }],
    });
    await seed(service);
    address = `127.0.0.1:${await findFreePort()}`;
    prometheus = startPrometheus([service.url.replace('http://', ''), kafka.target]);
  });

  afterAll(async () => {
    if (prometheus !== undefined) {
      const closed = whenClosed(prometheus);
      prometheus.kill('SIGKILL');
      await closed;
    }
    await service?.stop();
    await Promise.all(exporters.map((exporter) => exporter.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('has something to ask', () => {
    expect(expressions.length).toBeGreaterThan(15);
  });

  it.each(expressions)(
    '$name returns data',
    async ({ expr }) => {
      const values = await waitFor(expr, async () => {
        const found = await evaluate(expr.replaceAll('$__rate_interval', '1m'));
        return found.length > 0 || EMPTY_WHEN_WELL.test(expr) ? found : undefined;
      });
      expect(values.filter((value) => Number.isNaN(value) && !expr.startsWith('histogram_quantile'))).toEqual([]);
    },
    60_000,
  );
});

async function evaluate(expr: string): Promise<readonly number[]> {
  try {
    const answer = await request(`http://${address}/api/v1/query?query=${encodeURIComponent(expr)}`);
    if (answer.status === 503) return []; // not ready yet
    expect(answer.status, answer.text).toBe(200);
    return answerSchema.parse(answer.json()).data.result.map(({ value }) => Number(value[1]));
  } catch (error) {
    if (error instanceof TypeError) return []; // not listening yet
    throw error;
  }
}

/** Sends good, bad and repeated records, scrapes GPUs, concludes two minutes and tells the receiver of an alert. */
async function seed({ url, scraper, loop, worker }: Service): Promise<void> {
  const lines = Array.from({ length: 50 }, (_, index) =>
    predictionLine(`p-${index}`, { ts: new Date(NOW - 2 * MINUTE + index).toISOString(), model: MODEL }),
  );
  const body = [...lines, '{"prediction_id":"bad"}'].join('\n');
  const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': 'one' };
  for (const expected of [50, 50]) {
    const answer = await request(`${url}/v1/predictions`, { body, headers });
    expect(answer.receipt().accepted).toBe(expected);
  }
  await scraper.scrapeOnce(NOW - 2 * MINUTE + 1000);
  await loop.runMinute(NOW - 2 * MINUTE);
  await scraper.scrapeOnce(NOW - MINUTE + 1000);
  await loop.runMinute(NOW - MINUTE);
  await worker.runOnce();
}

function writeRule(): string {
  const file = `${folder}/anything.yaml`;
  writeFileSync(
    file,
    `alert: AnyTraffic\nseverity: info\nwhen: { signal: requests_per_second, above: 0 }\nsummary: "{{model}} serves"\nrunbook: ModelStale\nactions: ["webhook:pager"]\n`,
  );
  return file;
}

/** Metrics of the Kafka collector as its own code makes them, without a broker. */
async function startKafka(): Promise<Exporter> {
  const registry = new Registry();
  new KafkaMetrics(new Telemetry(registry)).lag([{ topic: 'predictions', partition: 0, lag: 7, committed: 100 }]);
  return startExporter((_request, response) => {
    void registry.metrics().then((text) => response.setHeader('content-type', registry.contentType).end(text));
  });
}

function gpuMetrics(
  _request: unknown,
  response: { setHeader(name: string, value: string): { end(text: string): void } },
): void {
  const labels = '{gpu="0",UUID="GPU-1",Hostname="node-1",namespace="serving",pod="ranker-0"}';
  response
    .setHeader('content-type', 'text/plain; version=0.0.4')
    .end(`DCGM_FI_DEV_GPU_UTIL${labels} 50\nDCGM_FI_DEV_FB_USED${labels} 300\nDCGM_FI_DEV_FB_FREE${labels} 100\n`);
}

function ok(_request: unknown, response: { end(): void }): void {
  response.end();
}

function startPrometheus(targets: readonly string[]): ChildProcess {
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'plumbline', honor_labels: true, static_configs: [{ targets }] }],
  };
  writeFileSync(`${folder}/prometheus.yml`, JSON.stringify(config));
  const flags = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=${address}`,
  ];
  return spawn(binary ?? '', flags, { stdio: 'ignore' });
}
