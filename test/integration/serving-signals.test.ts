import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { type Exporter, startExporter } from '../collectors/prometheus/exporter.ts';
import { startInProcess } from '../support/in-process.ts';

const MINUTE = 60_000;
/** The minute before the first scrape. */
const T0 = Math.floor(Date.now() / MINUTE) * MINUTE - 10 * MINUTE;
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5];

/** What happens between two scrapes of one minute, of which there are three, 20 seconds apart. */
interface Step {
  readonly requests: number;
  /** How many of them had their first token within each bound of BOUNDS. */
  readonly within: readonly number[];
  readonly preemptions: number;
}
const CALM: Step = { requests: 10, within: [0, 8, 8, 10, 10], preemptions: 0 };
const BUSY: Step = { requests: 20, within: [0, 0, 10, 10, 20], preemptions: 6 };

const MINUTES = [
  { step: CALM, cache: [0.1, 0.1, 0.1], waiting: [0, 0, 0] },
  { step: CALM, cache: [0.2, 0.3, 0.4], waiting: [0, 1, 2] },
  { step: BUSY, cache: [0.8, 0.9, 1], waiting: [10, 20, 30] },
];

let exporters: readonly Exporter[] = [];
let service: Service;
let shown = '';

beforeAll(async () => {
  const vllm = await startExporter((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(shown);
  });
  const dcgm = await startExporter((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(GPU_SHARED_BY_TWO);
  });
  exporters = [vllm, dcgm];
  service = await startInProcess({
    collectors: {
      prometheus: {
        scrape: [
          { job: 'vllm', targets: [vllm.target] },
          { job: 'dcgm', targets: [dcgm.target] },
        ],
      },
    },
    models: [
      {
        name: 'chat',
        serving: { labels: { model_name: 'Qwen/.*' } },
        gpu: { pod: 'chat-predictor-.*' },
        cost: { usd_per_gpu_hour: 7.2 },
      },
    ],
  });
  const sums = { requests: 0, within: BOUNDS.map(() => 0), preemptions: 0 };
  for (const [minute, { step, cache, waiting }] of MINUTES.entries()) {
    for (const scrape of [0, 1, 2]) {
      sums.requests += step.requests;
      sums.within = sums.within.map((count, index) => count + (step.within[index] ?? 0));
      sums.preemptions += step.preemptions;
      shown = exposition({ ...sums, cache: cache[scrape] ?? 0, waiting: waiting[scrape] ?? 0 });
      const outcomes = await service.scraper.scrapeOnce(T0 + minute * MINUTE + 10_000 + scrape * 20_000);
      expect(outcomes.map(({ up }) => up)).toEqual([true, true]);
    }
    await service.loop.runMinute(T0 + minute * MINUTE);
  }
});
afterAll(async () => {
  await service.stop();
  await Promise.all(exporters.map((exporter) => exporter.stop()));
});

async function minutesOf(signal: string): Promise<Readonly<Record<number, number>>> {
  const sql =
    "SELECT toUnixTimestamp(t) * 1000 AS t_ms, value FROM signals FINAL WHERE model = 'chat' AND signal = {signal:String} AND version = '' AND gpu = '' AND state = 'ok' ORDER BY t";
  const rows = await service.store.rows({ name: 'test', sql, parameters: { signal } });
  const parsed = z.array(z.object({ t_ms: z.number(), value: z.number() })).parse(rows);
  return Object.fromEntries(parsed.map(({ t_ms, value }) => [(t_ms - T0) / MINUTE, value]));
}

describe('a language model whose server is scraped', () => {
  test.each([
    // Of 30 requests the 28.5th: 24 came within 0.25 s, the other 6 between 0.5 and 1 s. Of 60 the 57th: 30 within
    // 0.5 s, the others between 1 and 2.5 s. In the first minute only the two later steps can be told.
    ['llm_ttft_p95_seconds', { 0: 0.5 + (0.5 * 3) / 4, 1: 0.5 + (0.5 * 4.5) / 6, 2: 1 + (1.5 * 27) / 30 }],
    ['llm_kv_cache_ratio', { 0: 0.1, 1: 0.3, 2: 0.9 }],
    ['llm_queue_depth', { 0: 0, 1: 1, 2: 20 }],
    ['llm_preemptions_per_second', { 0: 0, 1: 0, 2: 18 / 60 }],
    ['requests_per_second', { 0: 20 / 40, 1: 30 / 60, 2: 60 / 60 }],
    // Half a GPU at 7.2 dollars an hour is 0.001 dollars a second.
    ['cost_per_thousand_predictions_usd', { 0: 2, 1: 2, 2: 1 }],
    ['cost_per_hour_usd', { 0: 3.6, 1: 3.6, 2: 3.6 }],
    ['gpu_utilization_ratio', { 0: 0.5, 1: 0.5, 2: 0.5 }],
  ])('has %s in every minute', async (signal, expected) => {
    const found = await minutesOf(signal);
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [minute, value] of Object.entries(expected)) expect(found[Number(minute)]).toBeCloseTo(value, 9);
  });

  test('answers for its signals although it has sent no predictions', async () => {
    const range = `from=${new Date(T0).toISOString()}&to=${new Date(T0 + 3 * MINUTE).toISOString()}`;
    const answer = await fetch(`${service.url}/v1/models/chat/signals?name=llm_queue_depth&${range}`);
    expect(answer.status).toBe(200);
    const { points } = z.object({ points: z.array(z.object({ value: z.number() })) }).parse(await answer.json());
    expect(points.map(({ value }) => value)).toEqual([0, 1, 20]);
  });

  test('shows them, and how far the join from GPUs to models reaches, on /metrics', async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(/^plumbline_llm_kv_cache_ratio\{model="chat"\} 0\.9$/m);
    expect(text).toMatch(/^plumbline_llm_queue_depth\{model="chat"\} 20$/m);
    expect(text).toMatch(
      /^plumbline_cost_per_thousand_predictions_usd\{model="chat"\} (1|1\.0000000\d*|0\.99999\d*)$/m,
    );
    expect(text).toMatch(/^plumbline_ingest_gpu_parts\{node="gpu-node-1",join="attributed"\} 1$/m);
    expect(text).toMatch(/^plumbline_ingest_serving_samples_total\{outcome="kept"\} \d+$/m);
  });

  test('counts what came after its minute was concluded with the next one', async () => {
    const { store } = service;
    const late = new Date(T0 + 2 * MINUTE + 59_000).toISOString();
    await store.insert('serving_samples', [
      {
        measure: 'queue_depth',
        runtime: 'vllm',
        model: 'chat',
        version: '',
        part: '',
        outcome: '',
        series: 1,
        le: 0,
        ts: late,
        value: 5,
      },
    ]);
    await service.loop.runMinute(T0 + 3 * MINUTE);
    expect((await minutesOf('llm_queue_depth'))[2]).toBe(20 + 5);
  });

  test('gives way to prediction records in the minutes that have them', async () => {
    const lines = Array.from({ length: 120 }, (_, index) =>
      JSON.stringify({ prediction_id: `p-${index}`, ts: T0 + MINUTE + index * 100, model: 'chat', latency_ms: 10 }),
    );
    const answer = await fetch(`${service.url}/v1/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    expect(answer.status).toBe(200);
    await service.loop.runMinute(T0 + MINUTE);
    expect(await minutesOf('requests_per_second')).toEqual({ 0: 0.5, 1: 2, 2: 1 });
    expect((await minutesOf('cost_per_thousand_predictions_usd'))[1]).toBeCloseTo(0.5, 9);
    expect((await minutesOf('llm_queue_depth'))[1]).toBe(1);
  });
});

function exposition(state: {
  readonly requests: number;
  readonly within: readonly number[];
  readonly preemptions: number;
  readonly cache: number;
  readonly waiting: number;
}): string {
  const labels = 'engine="0",model_name="Qwen/Qwen2.5-0.5B-Instruct"';
  return [
    '# HELP vllm:num_requests_waiting Number of requests waiting to be processed.',
    '# TYPE vllm:num_requests_waiting gauge',
    `vllm:num_requests_waiting{${labels}} ${state.waiting}.0`,
    '# TYPE vllm:kv_cache_usage_perc gauge',
    `vllm:kv_cache_usage_perc{${labels}} ${state.cache}`,
    '# TYPE vllm:num_preemptions counter',
    `vllm:num_preemptions_total{${labels}} ${state.preemptions}.0`,
    `vllm:num_preemptions_created{${labels}} 1.774011461287e+09`,
    '# TYPE vllm:request_success counter',
    `vllm:request_success_total{${labels},finished_reason="stop"} ${state.requests}.0`,
    '# TYPE vllm:time_to_first_token_seconds histogram',
    ...BOUNDS.map(
      (bound, index) => `vllm:time_to_first_token_seconds_bucket{le="${bound}",${labels}} ${state.within[index]}.0`,
    ),
    `vllm:time_to_first_token_seconds_bucket{le="+Inf",${labels}} ${state.requests}.0`,
    `vllm:time_to_first_token_seconds_count{${labels}} ${state.requests}.0`,
    `vllm:time_to_first_token_seconds_sum{${labels}} 3.5`,
    '',
  ].join('\n');
}

const GPU = 'gpu="0",UUID="GPU-77c1f2aa-5b1e-4c5e-8f0a-3d0e9b1c2a44",modelName="NVIDIA L4",Hostname="gpu-node-1"';
const GPU_SHARED_BY_TWO = `# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{${GPU},vgpu="0",container="c",namespace="ml",pod="chat-predictor-7d5f9c6b8-mm2kp"} 50
DCGM_FI_DEV_GPU_UTIL{${GPU},vgpu="1",container="c",namespace="ml",pod="other-0"} 50
`;
