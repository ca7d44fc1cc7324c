import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { publishSignals } from '../../../src/analysis/minute/publish-signals.ts';
import { writeMinuteSignals } from '../../../src/analysis/minute/service-signals.ts';
import { SignalGauges } from '../../../src/telemetry/signal-gauges.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const MINUTE = 60_000;
const T0 = Date.parse('2026-04-01T12:00:00Z');
let running: TestStore;

beforeAll(async () => {
  running = await startTestStore();
  const { store } = running;
  const lines = Array.from({ length: 600 }, (_, i) => ({
    receipt: 1,
    line_no: i + 1,
    received: '2026-04-01 12:10:00.000',
    line_bytes: 100,
    line: JSON.stringify({
      prediction_id: `p${i}`,
      ts: T0 + i * 200,
      model: 'ranker',
      version: i % 3 === 0 ? '2' : '1',
      status: i % 10 === 0 ? 'error' : 'ok',
      latency_ms: i < 300 ? 10 : 100,
      segments: { region: i % 2 === 0 ? 'eu' : 'us' },
    }),
  }));
  await store.insert('ingest_predictions', lines);
  const gpu = (gpuId: string, second: number, value: number, model = 'ranker', weight = 1) => ({
    ts: new Date(T0 + second * 1000).toISOString(),
    signal: 'gpu_utilization_ratio',
    gpu: gpuId,
    node: 'n1',
    namespace: 'ml',
    pod: 'ranker-0',
    model,
    weight,
    value,
  });
  await store.insert('gpu_samples', [
    gpu('GPU-1', 5, 0.9),
    gpu('GPU-1', 35, 0.7),
    gpu('GPU-2', 5, 0.2, 'ranker', 3 / 7),
    gpu('GPU-3', 5, 1, ''),
  ]);
  const business = (ts: number, value: number) => ({
    metric: 'orders',
    model: 'ranker',
    ts: new Date(ts).toISOString(),
    value,
    labels: {},
    received: new Date(T0).toISOString(),
  });
  await store.insert('business_metrics', [
    business(T0 + 1000, 30),
    business(T0 + 2000, 50),
    business(T0 - 7 * 86_400_000 + 1000, 80),
  ]);
  await writeMinuteSignals({
    store,
    range: { fromMs: T0, toMs: T0 + 2 * MINUTE },
    constants: new Map([['ranker', { slo_latency_p99_seconds: 0.05 }]]),
    nowMs: T0 + 3 * MINUTE,
  });
});
afterAll(async () => {
  await running.stop();
});

async function signal(name: string, more = ''): Promise<readonly (number | null)[]> {
  const rows = await running.store.rows({
    name: 'test',
    sql: `SELECT value FROM signals FINAL WHERE signal = {name:String} AND model = 'ranker' ${more === '' ? "AND version = '' AND segment = '' AND gpu = ''" : more} ORDER BY t`,
    parameters: { name },
  });
  return z
    .array(z.object({ value: z.number().nullable() }))
    .parse(rows)
    .map(({ value }) => value);
}

describe('the signals of a minute', () => {
  test('tell traffic, errors and latency of the model, of its versions and of its segments', async () => {
    expect(await signal('requests_per_second')).toEqual([5, 5]);
    expect(await signal('error_ratio')).toEqual([0.1, 0.1]);
    const [first, second] = await signal('latency_p99_seconds');
    expect(first).toBeCloseTo(0.01, 3);
    expect(second).toBeCloseTo(0.1, 2);
    expect(await signal('requests_per_second', "AND version = '2'")).toEqual([100 / 60, 100 / 60]);
    expect(await signal('requests_per_second', "AND segment = 'region=eu'")).toEqual([2.5, 2.5]);
  });

  test('tell the weighted mean over the GPUs of the model and each GPU, also one that belongs to no model', async () => {
    // GPU-1 whole: mean 0.8. GPU-2: 3 of 7 slices at 0.2.
    expect((await signal('gpu_utilization_ratio'))[0]).toBeCloseTo((0.8 + (0.2 * 3) / 7) / (1 + 3 / 7), 12);
    expect(await signal('gpu_utilization_ratio', "AND gpu = 'GPU-2'")).toEqual([0.2]);
    const rows = await running.store.rows({
      name: 'test',
      sql: "SELECT gpu, value FROM signals FINAL WHERE signal = 'gpu_utilization_ratio' AND model = ''",
    });
    expect(rows).toEqual([{ gpu: 'GPU-3', value: 1 }]);
  });

  test('tell business numbers beside the same hour of last week', async () => {
    expect(await signal('business_orders')).toEqual([40]);
    expect(await signal('business_orders_vs_baseline_ratio')).toEqual([0.5]);
  });

  test('carry the objectives, and nothing where there is no data', async () => {
    expect(await signal('slo_latency_p99_seconds')).toEqual([0.05, 0.05]);
  });

  test('replace the earlier conclusion when a minute is concluded again', async () => {
    const { store } = running;
    await writeMinuteSignals({
      store,
      range: { fromMs: T0, toMs: T0 + MINUTE },
      constants: new Map(),
      nowMs: T0 + 4 * MINUTE,
    });
    expect(await signal('requests_per_second')).toEqual([5, 5]);
  });

  test('stand on /metrics with the labels of their scope, and leave when they end', async () => {
    const registry = new Registry();
    const gauges = new SignalGauges(registry);
    const options = { store: running.store, gauges, maxFeaturesPerModel: 20 };
    await publishSignals({ ...options, atMs: T0 + 3 * MINUTE });
    const text = await registry.metrics();
    expect(text).toContain('plumbline_error_ratio{model="ranker",version="",segment=""} 0.1');
    expect(text).toContain('plumbline_gpu_utilization_ratio{model="ranker",gpu="GPU-2"} 0.2');
    expect(text).toContain('plumbline_pod_info{model="ranker",namespace="ml",pod="ranker-0",node="n1",gpu="GPU-1"} 1');
    expect(text).toContain('plumbline_business_orders{model="ranker"} 40');
    await publishSignals({ ...options, atMs: T0 + 60 * MINUTE });
    expect(await registry.metrics()).not.toContain('ranker');
  });
});
