import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GpuTelemetry } from '../../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../../src/collectors/gpu/model-match.ts';
import { queryConfigSchema } from '../../../../src/collectors/prometheus/query/config.ts';
import { QueryCollector } from '../../../../src/collectors/prometheus/query/query-collector.ts';
import { queryRange } from '../../../../src/collectors/prometheus/query-range.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { Telemetry } from '../../../../src/telemetry/telemetry.ts';
import { startTestStore, type TestStore } from '../../../support/engine.ts';
import { type Exporter, startExporter } from '../exporter.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;
const asked = z.object({
  query: z.string(),
  start: z.coerce.number(),
  end: z.coerce.number(),
  step: z.coerce.number(),
});

let shared: TestStore;
let server: Exporter | undefined;
const requests: z.output<typeof asked>[] = [];
let broken = false;

beforeAll(async () => {
  shared = await startTestStore();
});
afterAll(async () => {
  await shared.stop();
});
afterEach(async () => {
  await server?.stop();
  requests.length = 0;
  broken = false;
});

/** A Prometheus whose expression has the minute of the hour as its value, for two series. */
async function prometheus(): Promise<Exporter> {
  server = await startExporter((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const { query, start, end, step } = asked.parse(Object.fromEntries(new URLSearchParams(body)));
      requests.push({ query, start, end, step });
      response.setHeader('content-type', 'application/json');
      if (broken) {
        response.writeHead(503).end('{"status":"error","errorType":"timeout","error":"query timed out"}');
        return;
      }
      const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, i) => start + i * step);
      const result = ['a', 'b'].map((zone) => ({
        metric: { __name__: 'ignored', zone, job: 'checkout' },
        values: times.map((at) => [at, zone === 'b' && at % 120 === 0 ? 'NaN' : String((at / 60) % 60)]),
      }));
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
    });
  });
  return server;
}

function collector(name: string, url: string, more: Readonly<Record<string, unknown>> = {}) {
  const telemetry = new Telemetry(new Registry());
  const log: string[] = [];
  const queries = [
    queryConfigSchema.parse({ name, url, expr: 'sum by (zone) (rate(x[1m]))', labels: { model: 'fraud' }, ...more }),
  ];
  const reader = new QueryCollector({
    queries,
    gpu: new GpuTelemetry(createModelMatch([])),
    store: shared.store,
    telemetry,
    logger: pino({ level: 'info' }, { write: (line) => log.push(line) }),
    clock: systemClock,
    random: Math.random,
    fetch: globalThis.fetch,
  });
  return { reader, telemetry, log };
}

async function stored(name: string): Promise<readonly unknown[]> {
  const sql =
    "SELECT formatDateTime(ts, '%H:%i', 'UTC') AS at, labels['zone'] AS zone, value, job FROM metric_samples WHERE name = {name:String} ORDER BY zone, ts";
  return shared.store.rows({ name: 'test_samples', sql, parameters: { name } });
}

describe('the query collector', () => {
  it('stores each moment once, fills the gap of an outage, and goes on after a restart where it was', async () => {
    const { target } = await prometheus();
    const job = 'prometheus-query';
    const { reader, telemetry, log } = collector('gap', `http://${target}/`);
    await reader.readOnce(NOW + 20_000);
    await reader.readOnce(NOW + 30_000);
    broken = true;
    await reader.readOnce(NOW + 80_000);
    await reader.readOnce(NOW + 140_000);
    broken = false;
    await reader.readOnce(NOW + 200_000);
    await reader.stop();
    const restarted = collector('gap', `http://${target}/`).reader;
    await restarted.readOnce(NOW + 5 * MINUTE + 20_000);
    await restarted.stop();
    expect((await stored('gap')).filter((row) => JSON.stringify(row).includes('"zone":"a"'))).toEqual(
      [0, 1, 2, 3, 4, 5].map((minute) => ({ at: `10:0${minute}`, zone: 'a', value: minute, job })),
    );
    expect((await stored('gap')).filter((row) => JSON.stringify(row).includes('"zone":"b"'))).toEqual(
      [1, 3, 5].map((minute) => ({ at: `10:0${minute}`, zone: 'b', value: minute, job })),
    );
    const [labels] = await shared.store.rows({
      name: 'test_labels',
      sql: "SELECT labels FROM metric_samples WHERE name = 'gap' AND labels['zone'] = 'a' LIMIT 1",
    });
    expect(labels).toEqual({ labels: { zone: 'a', model: 'fraud', exported_job: 'checkout' } });
    expect(await telemetry.registry.metrics()).toContain(
      'plumbline_query_failures_total{query="gap",reason="refused"} 2',
    );
    expect(log.map((line) => /"event":"([^"]*)"/.exec(line)?.[1])).toEqual(['query_failed', 'query_recovered']);
    expect(log[0]).toContain('timeout: query timed out');
  });

  it('goes back no further than it may, and asks for no more than Prometheus answers at once', async () => {
    const { target } = await prometheus();
    const { reader } = collector('bounded', `http://${target}`, { interval: '1s', catch_up: '4h' });
    await reader.readOnce(NOW - 5 * 3_600_000 + 15_000);
    requests.length = 0;
    await reader.readOnce(NOW + 15_000);
    await reader.stop();
    expect(requests.map(({ start, end, step }) => [start, end, step])).toEqual([
      [NOW / 1000 - 14_400, NOW / 1000 - 4401, 1],
      [NOW / 1000 - 4400, NOW / 1000, 1],
    ]);
  });

  it('refuses series beyond its limit', async () => {
    const { target } = await prometheus();
    const { reader, telemetry, log } = collector('limited', `http://${target}`, { series_limit: 1 });
    await reader.readOnce(NOW + 80_000);
    await reader.stop();
    expect(await stored('limited')).toHaveLength(1);
    expect(await telemetry.registry.metrics()).toContain('plumbline_query_refused_total{query="limited"} 1');
    expect(log.join('')).toContain('more series than its series_limit');
  });
});

describe('a range query', () => {
  async function ask(status: number, body: string) {
    server = await startExporter((_request, response) => response.writeHead(status).end(body));
    return queryRange({
      fetch: globalThis.fetch,
      url: `http://${server.target}`,
      expr: 'up',
      fromMs: 0,
      toMs: 60_000,
      stepMs: 30_000,
      headers: {},
      timeoutMs: 10_000,
    });
  }

  it('reads numbers as Prometheus writes them', async () => {
    const values = [
      [0, '1'],
      [30.5, '+Inf'],
      [60, 'NaN'],
    ];
    const data = { resultType: 'matrix', result: [{ metric: { a: 'b' }, values }] };
    expect(await ask(200, JSON.stringify({ status: 'success', data, warnings: ['partial'], infos: [] }))).toEqual({
      ok: true,
      warnings: ['partial'],
      series: [
        {
          labels: { a: 'b' },
          values: [
            { timestampMs: 0, value: 1 },
            { timestampMs: 30_500, value: Number.POSITIVE_INFINITY },
            { timestampMs: 60_000, value: Number.NaN },
          ],
        },
      ],
    });
  });

  it.each([
    ['refused', 400, '{"status":"error","errorType":"bad_data","error":"parse error"}'],
    ['status', 502, 'Bad gateway'],
    ['unreadable', 200, '{"status":"success","data":{"resultType":"vector","result":[]}}'],
    ['unreadable', 200, '<html>'],
  ])('says that it failed (%s)', async (reason, status, body) => {
    expect(await ask(status, body)).toMatchObject({ ok: false, reason });
  });
});
