import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { GpuTelemetry } from '../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../src/collectors/gpu/model-match.ts';
import { prometheusConfigSchema } from '../../../src/collectors/prometheus/config.ts';
import { createScrapeCollector, type ScrapeCollector } from '../../../src/collectors/prometheus/scrape-collector.ts';
import { MAX_BODY_BYTES } from '../../../src/collectors/prometheus/scrape-http.ts';
import { type Clock, FakeClock } from '../../../src/core/clock.ts';
import { Store } from '../../../src/store/store.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { type Exporter, startExporter } from './exporter.ts';
import { ManualClock } from './manual-clock.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const DCGM = readFileSync(new URL('../../fixtures/metrics/dcgm-a100-mig.prom', import.meta.url), 'utf8');
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

type Job = Partial<z.input<typeof prometheusConfigSchema>['scrape'] & object>[number];

let shared: TestStore;
const exporters: Exporter[] = [];

beforeAll(async () => {
  shared = await startTestStore();
});
afterAll(async () => {
  await shared.stop();
});
afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.stop()));
});

async function exporter(...parameters: Parameters<typeof startExporter>): Promise<Exporter> {
  const started = await startExporter(...parameters);
  exporters.push(started);
  return started;
}

async function textExporter(text: string, contentType = 'text/plain; version=0.0.4'): Promise<Exporter> {
  return exporter((_request, response) => response.setHeader('content-type', contentType).end(text));
}

interface Harness {
  readonly collector: ScrapeCollector;
  readonly telemetry: Telemetry;
  readonly log: readonly string[];
}

function harness(jobs: readonly Job[], options: { readonly clock?: Clock; readonly store?: Store } = {}): Harness {
  const telemetry = new Telemetry(new Registry());
  const log: string[] = [];
  const collector = createScrapeCollector({
    config: prometheusConfigSchema.parse({ scrape: jobs }),
    gpu: new GpuTelemetry(createModelMatch([{ model: 'fraud', gpu: { pod: 'fraud-scorer-.*' } }])),
    store: options.store ?? shared.store,
    telemetry,
    logger: pino({ level: 'info' }, { write: (line) => log.push(line) }),
    clock: options.clock ?? new FakeClock(NOW),
    random: Math.random,
    fetch: globalThis.fetch,
  });
  return { collector, telemetry, log };
}

async function stored(job: string, columns = 'name, labels, value, instance'): Promise<readonly unknown[]> {
  const sql = `SELECT ${columns} FROM metric_samples WHERE job = {job:String} ORDER BY name, ts, toString(labels)`;
  return shared.store.rows({ name: 'test_samples', sql, parameters: { job } });
}

describe('a scrape', () => {
  it('stores the samples of an exporter with its labels and the health of the scrape', async () => {
    const { target } = await textExporter('a{namespace="x"} 1\nb NaN\nc +Inf\nd 2 1795255200000\n');
    const { collector } = harness([{ job: 'plain', targets: [target], labels: { namespace: 'y' } }]);
    const outcomes = await collector.scrapeOnce(Date.UTC(2026, 10, 21, 10, 0, 1));
    expect(outcomes).toEqual([
      { job: 'plain', instance: target, up: true, samples: 4, refused: 0, gpuRows: 0, failure: undefined },
    ]);
    const labels = { namespace: 'y' };
    const ts = '2026-11-21 10:00:01.000';
    const columns = 'name, labels, toString(value) AS v, toString(ts) AS t, instance';
    expect(await stored('plain', columns)).toEqual([
      { name: 'a', labels: { namespace: 'y', exported_namespace: 'x' }, v: '1', t: ts, instance: target },
      { name: 'c', labels, v: 'inf', t: ts, instance: target },
      { name: 'd', labels, v: '2', t: '2026-11-21 10:00:00.000', instance: target },
      { name: 'scrape_duration_seconds', labels, v: '0', t: ts, instance: target },
      { name: 'scrape_samples_post_metric_relabeling', labels, v: '4', t: ts, instance: target },
      { name: 'scrape_samples_scraped', labels, v: '4', t: ts, instance: target },
      { name: 'scrape_series_added', labels, v: '3', t: ts, instance: target },
      { name: 'up', labels, v: '1', t: ts, instance: target },
    ]);
  });

  it('turns what a DCGM exporter says into GPU rows and reports how many GPUs have a model', async () => {
    const { target } = await textExporter(DCGM);
    const { collector, telemetry } = harness([{ job: 'dcgm', targets: [target] }]);
    const [outcome] = await collector.scrapeOnce(NOW);
    expect(outcome).toMatchObject({ up: true, samples: 15 });
    expect(outcome?.gpuRows).toBeGreaterThanOrEqual(8);
    const rows = await shared.store.rows({
      name: 'test_gpu',
      sql: 'SELECT signal, gpu, node, namespace, model, weight, value, toUnixTimestamp64Milli(ts) AS t FROM gpu_samples ORDER BY signal, value',
    });
    const common = { node: 'gpu-node-a1', namespace: 'fraud', model: 'fraud', weight: 1, t: NOW };
    const gpu = 'GPU-8f2c1a6e-3b7d-4d19-9a55-0c4b7e2f9d10';
    expect(rows).toHaveLength(outcome?.gpuRows ?? 0);
    expect(rows).toContainEqual({ ...common, signal: 'gpu_utilization_ratio', gpu, value: 0.97 });
    expect(rows).toContainEqual({ ...common, signal: 'gpu_power_watts', gpu, value: 356.412 });
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain(`plumbline_scrape_gpus{job="dcgm",instance="${target}",join="attributed"} 1`);
    expect(metrics).toContain(`plumbline_scrape_gpus{job="dcgm",instance="${target}",join="unattributed"} 1`);
    expect(metrics).toContain(`plumbline_scrape_gpus{job="dcgm",instance="${target}",join="idle"} 1`);
    expect(metrics).toContain(`plumbline_scrape_up{job="dcgm",instance="${target}"} 1`);
  });

  it('asks as Prometheus does and reads gzip and OpenMetrics', async () => {
    const body = 'a_total 5 1795255200.5 # {trace_id="x"} 1\n# EOF\n';
    const asked = await exporter((_request, response) => {
      response.setHeader('content-type', OPENMETRICS).setHeader('content-encoding', 'gzip').end(gzipSync(body));
    });
    const { collector } = harness([
      { job: 'gzip', targets: [asked.target], bearer: 'secret', headers: { 'X-Scope': 'a' } },
    ]);
    await collector.scrapeOnce(NOW);
    expect(await stored('gzip', "toUnixTimestamp64Milli(ts) AS t, value, name = 'a_total' AS ours")).toContainEqual({
      t: 1_795_255_200_500,
      value: 5,
      ours: 1,
    });
    expect(asked.requests[0]).toMatchObject({
      'accept-encoding': 'gzip',
      'x-prometheus-scrape-timeout-seconds': '10',
      authorization: 'Bearer secret',
      'x-scope': 'a',
    });
    expect(asked.requests[0]?.accept).toMatch(/^application\/openmetrics-text;version=1\.0\.0,/);
  });

  it.each([
    ['status', 'an error of the server', 500, 'text/plain', 'a 1\n'],
    ['unreadable', 'a page instead of metrics', 200, 'text/html', '<html>\n<body>Sign in</body>\n</html>\n'],
    ['unsupported_format', 'JSON', 200, 'application/json', 'a 1\n'],
    ['unsupported_format', 'protobuf', 200, 'application/vnd.google.protobuf; encoding=delimited', 'a 1\n'],
  ])('counts a target as down (%s) on %s, and stores that', async (reason, what, status, contentType, body) => {
    const job = `down ${what}`;
    const { target } = await exporter((_request, response) => {
      response.writeHead(status, { 'content-type': contentType }).end(body);
    });
    const { collector, telemetry, log } = harness([{ job, targets: [target] }]);
    const outcomes = [await collector.scrapeOnce(NOW), await collector.scrapeOnce(NOW + 1000)].flat();
    expect(outcomes.map(({ up, failure }) => [up, failure])).toEqual([
      [false, reason],
      [false, reason],
    ]);
    expect(await stored(job, 'name, value')).toEqual([
      ...[0, 0].map((value) => ({ name: 'scrape_duration_seconds', value })),
      ...[0, 0].map((value) => ({ name: 'scrape_samples_post_metric_relabeling', value })),
      ...[0, 0].map((value) => ({ name: 'scrape_samples_scraped', value })),
      ...[0, 0].map((value) => ({ name: 'scrape_series_added', value })),
      ...[0, 0].map((value) => ({ name: 'up', value })),
    ]);
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain(`plumbline_scrape_up{job="${job}",instance="${target}"} 0`);
    expect(metrics).toContain(`plumbline_scrape_failures_total{job="${job}",reason="${reason}"} 2`);
    expect(log.filter((line) => line.includes('does not answer as it should'))).toHaveLength(1);
  });

  it('gives up on a target that is slow, closed, or breaks off, and goes on with the others', async () => {
    const slow = await exporter(() => undefined);
    const halting = await exporter((_request, response) => response.write('a 1\n'));
    const breaking = await exporter((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('a 1\n', () => response.destroy());
    });
    const garbled = await exporter((_request, response) =>
      response.setHeader('content-encoding', 'gzip').end('not gzip'),
    );
    const closed = await startExporter(() => undefined);
    await closed.stop();
    const good = await textExporter('a 1\n');
    const timing = { interval: '300ms', timeout: '300ms' };
    const targets = [slow, halting, breaking, garbled, closed, good].map(({ target }) => target);
    const { collector } = harness([{ job: 'broken', targets, ...timing }]);
    const outcomes = await collector.scrapeOnce(NOW);
    expect(outcomes.map(({ failure }) => failure)).toEqual([
      'timeout',
      'timeout',
      'connection',
      'connection',
      'connection',
      undefined,
    ]);
  });

  it('stops reading at the size limit, counted after decompression', async () => {
    const line = 'a{b="c"} 1\n';
    const large = line.repeat(Math.ceil(MAX_BODY_BYTES / line.length) + 1);
    const plain = await textExporter(large);
    const bomb = await exporter((_request, response) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync(large)),
    );
    const { collector } = harness([{ job: 'large', targets: [plain.target, bomb.target] }]);
    const outcomes = await collector.scrapeOnce(NOW);
    expect(outcomes.map(({ failure }) => failure)).toEqual(['too_large', 'too_large']);
  });

  it('says that a target answers again', async () => {
    let status = 500;
    const { target } = await exporter((_request, response) => response.writeHead(status).end('a 1\n'));
    const { collector, telemetry, log } = harness([{ job: 'again', targets: [target] }]);
    await collector.scrapeOnce(NOW);
    status = 200;
    await collector.scrapeOnce(NOW + 1000);
    expect(log.map((line) => /"msg":"([^"]*)"/.exec(line)?.[1])).toEqual([
      'Scrape target does not answer as it should.',
      'Scrape target answers again.',
    ]);
    expect(await telemetry.registry.metrics()).toContain(`plumbline_scrape_up{job="again",instance="${target}"} 1`);
  });

  it('refuses bad lines, impossible times, too many labels, samples and series, says so once and counts each', async () => {
    const lines = [
      'ok{id="1"} 1',
      'bad{',
      'old 1 1000',
      'ahead 1 4000000000000',
      'wide{a="1",b="2",c="3"} 1',
      'ok{id="2"} 1',
      'ok{id="3"} 1',
    ];
    const { target } = await textExporter(`${lines.join('\n')}\n`);
    const job = { job: 'refused', targets: [target], label_limit: 2, series_limit: 2 };
    const { collector, telemetry, log } = harness([job]);
    const [outcome] = await collector.scrapeOnce(NOW);
    await collector.scrapeOnce(NOW + 1000);
    expect(outcome).toMatchObject({ up: true, samples: 5, refused: 5 });
    const rows = await stored('refused', 'name, labels');
    expect(rows.filter((row) => JSON.stringify(row).includes('"ok"'))).toEqual(
      ['1', '2', '1', '2'].map((id) => ({ name: 'ok', labels: { id } })),
    );
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain('plumbline_scrape_refused_total{job="refused",reason="unreadable_line"} 4');
    expect(metrics).toContain('plumbline_scrape_refused_total{job="refused",reason="timestamp_out_of_range"} 4');
    expect(metrics).toContain('plumbline_scrape_refused_total{job="refused",reason="series_limit"} 2');
    const said = log.filter((line) => line.includes('is refused'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('{"line":2,"reason":"has a label without a valid name"}');
  });

  it('never writes a secret to the log', async () => {
    const { target } = await exporter((_request, response) => response.writeHead(401).end());
    const { collector, log } = harness([
      { job: 'secret', targets: [target], bearer: 'hush-hush', headers: { 'X-Key': 'psst' } },
    ]);
    await collector.scrapeOnce(NOW);
    expect(log).toHaveLength(1);
    expect(log.join('')).not.toMatch(/hush-hush|psst/);
  });
});

describe('the store being away', () => {
  const away = { url: 'http://127.0.0.1:9', username: '', password: '' };

  function storeAt(endpoint: () => typeof away): Store {
    const logger = pino({ level: 'silent' });
    return new Store({ endpoint, database: 'plumbline', logger, telemetry: new Telemetry(new Registry()) });
  }

  it('delays the rows and stores them once', async () => {
    const { target } = await textExporter('a 1\n');
    let asked = 0;
    const store = storeAt(() => {
      asked += 1;
      return asked <= 3 ? away : shared.engine.endpoint;
    });
    const { collector, log } = harness([{ job: 'delayed', targets: [target] }], { store });
    await collector.scrapeOnce(NOW);
    await store.close();
    expect(await stored('delayed', 'name')).toEqual(
      [
        'a',
        'scrape_duration_seconds',
        'scrape_samples_post_metric_relabeling',
        'scrape_samples_scraped',
        'scrape_series_added',
        'up',
      ].map((name) => ({ name })),
    );
    expect(log.filter((line) => line.includes('Store did not take'))).toHaveLength(3);
  });

  it('stores rows once when the answer to an insert is lost on the way', async () => {
    const { target } = await textExporter('a 1\n');
    const { url, username, password } = shared.engine.endpoint;
    let lost = 0;
    // Hands every request to the engine, and the answers back but for the first.
    const lossy = createServer((incoming, outgoing) => {
      const { method = 'GET', headers } = incoming;
      const onward = forward(`${url}${incoming.url ?? '/'}`, { method, headers }, (answer) => {
        answer.on('end', () => {
          lost += 1;
          if (lost === 1) outgoing.destroy();
          else outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end();
        });
        answer.resume();
      });
      incoming.pipe(onward);
    });
    lossy.listen(0, '127.0.0.1');
    await once(lossy, 'listening');
    const address = lossy.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    const store = storeAt(() => ({ url: `http://127.0.0.1:${port}`, username, password }));
    const { collector, log } = harness([{ job: 'lossy', targets: [target] }], { store });
    await collector.scrapeOnce(NOW);
    await store.close();
    lossy.closeAllConnections();
    lossy.close();
    expect(lost).toBe(2);
    expect(log.filter((line) => line.includes('Store did not take'))).toHaveLength(1);
    expect(await stored('lossy', 'name')).toHaveLength(6);
  });

  it('costs the rows after the last attempt, which is thrown and counted', async () => {
    const { target } = await textExporter('a 1\n');
    const store = storeAt(() => away);
    const { collector, telemetry } = harness([{ job: 'lost', targets: [target] }], { store });
    await expect(collector.scrapeOnce(NOW)).rejects.toMatchObject({ code: 'E_STORE' });
    await store.close();
    expect(await telemetry.registry.metrics()).toContain('plumbline_scrape_lost_rows_total{table="metric_samples"} 6');
  });
});

describe('the life of the collector', () => {
  it('scrapes every target at its interval, spread over it, and stores what it gathered', async () => {
    const first = await textExporter('a 1\n');
    const second = await textExporter('a 2\n');
    const clock = new ManualClock(NOW);
    const { collector } = harness([{ job: 'spread', targets: [first.target, second.target], interval: '10s' }], {
      clock,
    });
    await collector.start();
    await first.asked(1);
    expect(second.requests).toHaveLength(0);
    // The first target's loop, the second's, and the gathering of rows.
    await clock.sleepers(3);
    clock.advance(5000);
    await second.asked(1);
    await clock.sleepers(3);
    clock.advance(5000);
    await first.asked(2);
    await clock.sleepers(3);
    await collector.stop();
    expect(
      await stored('spread', "toUnixTimestamp64Milli(ts) - 1795255200000 AS after, value, name = 'a' AS ours"),
    ).toEqual(
      expect.arrayContaining([
        { after: 0, value: 1, ours: 1 },
        { after: 5000, value: 2, ours: 1 },
        { after: 10_000, value: 1, ours: 1 },
      ]),
    );
  });

  it('may be stopped twice, while starting, before starting, and in the middle of a scrape', async () => {
    const slow = await exporter(() => undefined);
    const jobs = [{ job: 'life', targets: [slow.target] }];
    const twice = harness(jobs, { clock: new ManualClock(NOW) });
    await twice.collector.start();
    await twice.collector.start();
    await slow.asked(1);
    await Promise.all([twice.collector.stop(), twice.collector.stop()]);
    await twice.collector.stop();
    expect(slow.requests).toHaveLength(1);

    const starting = harness(jobs, { clock: new ManualClock(NOW) });
    const started = starting.collector.start();
    await starting.collector.stop();
    await started;

    const never = harness(jobs, { clock: new ManualClock(NOW) });
    await never.collector.stop();
    await never.collector.start();
    expect(slow.requests.length).toBeLessThanOrEqual(2);
    // Ending is no failure of the target.
    expect(await stored('life')).toEqual([]);
    expect([...twice.log, ...starting.log, ...never.log]).toEqual([]);
  });

  it('goes on when a scrape fails for a reason of ours', async () => {
    const one = await textExporter('a 1\n');
    const clock = new ManualClock(NOW);
    const telemetry = new Telemetry(new Registry());
    // The gauge's name is taken by a metric with other labels, so reporting throws.
    telemetry.gauge('plumbline_scrape_up', 'Taken.', ['other']);
    const log: string[] = [];
    const collector = createScrapeCollector({
      config: prometheusConfigSchema.parse({ scrape: [{ job: 'fault', targets: [one.target], interval: '10s' }] }),
      gpu: new GpuTelemetry(createModelMatch([])),
      store: shared.store,
      telemetry,
      logger: pino({ level: 'info' }, { write: (line) => log.push(line) }),
      clock,
      random: Math.random,
      fetch: globalThis.fetch,
    });
    await collector.start();
    await one.asked(1);
    await clock.sleepers(1);
    clock.advance(10_000);
    await one.asked(2);
    await clock.sleepers(1);
    await collector.stop();
    expect(log.filter((line) => line.includes('Scrape failed.'))).toHaveLength(2);
  });
});
