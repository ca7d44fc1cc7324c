import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { MetricSample } from '../../../src/collectors/prometheus/metric-sample.ts';
import { kserveSubject } from '../../../src/collectors/serving/kserve-name.ts';
import { servingAdapters } from '../../../src/collectors/serving/registry.ts';
import { createServingMatch } from '../../../src/collectors/serving/serving-match.ts';
import { ServingTelemetry } from '../../../src/collectors/serving/serving-telemetry.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const WAITING = 'vllm:num_requests_waiting';

function waiting(labels: Readonly<Record<string, string>>, value = 1): MetricSample {
  return { name: WAITING, labels, value };
}

function modelsOf(samples: readonly MetricSample[]): readonly string[] {
  const telemetry = new ServingTelemetry({
    adapters: servingAdapters,
    modelOf: createServingMatch([
      { name: 'by-labels', serving: { labels: { model_name: 'Qwen/.*', job: 'vllm' } } },
      { name: 'by-pod', gpu: { pod: 'chat-\\d+' } },
      { name: 'by-gpu-labels', gpu: { pod: '.*', labels: { Hostname: 'box-1' } } },
    ]),
  });
  return telemetry.read(samples, NOW).rows.map(({ model }) => model);
}

describe('the model of a serving series', () => {
  it.each([
    ['what models[].serving says', { model_name: 'Qwen/Qwen2.5', job: 'vllm', pod: 'chat-1' }, 'by-labels'],
    ['the pods of models[].gpu', { model_name: 'Qwen/Qwen2.5', job: 'other', pod: 'chat-1' }, 'by-pod'],
    ['the pod that Prometheus renamed', { model_name: 'x', pod: 'exporter', exported_pod: 'chat-1' }, 'by-pod'],
    ['a label of the pod', { model_name: 'x', serving_kserve_io_inferenceservice: 'isvc' }, 'isvc'],
    ["the runtime's own label", { model_name: 'facebook/opt-125m' }, 'facebook/opt-125m'],
    [
      'the runtime label when a GPU match needs more than the pod',
      { model_name: 'x', Hostname: 'box-1', pod: 'p' },
      'x',
    ],
  ])('is %s', (_, labels, expected) => {
    expect(modelsOf([waiting(labels)])).toEqual([expected]);
  });

  it.each([
    ['fraud-predictor', 'fraud', ''],
    ['fraud-predictor-00007', 'fraud', '00007'],
    ['fraud-predictor-00007-deployment', 'fraud', '00007'],
    ['fraud-predictor-default-00012-deployment-6c9d8b7f5-x2vq4', 'fraud', '00012'],
    ['ranker-predictor-7d5f9c6b8-mm2kp', 'ranker', ''],
    ['fraud-transformer', '', ''],
    ['web-frontend', '', ''],
  ])('in the name %s is %s', (name, model, version) => {
    expect(kserveSubject(name)).toEqual({ model, version, part: '' });
  });
});

describe('serving samples', () => {
  it('of no known model are counted, those that cannot be are refused, and the others kept', async () => {
    const registry = new Registry();
    const telemetry = new ServingTelemetry({
      adapters: servingAdapters,
      modelOf: createServingMatch([]),
      telemetry: new Telemetry(registry),
    });
    const { rows, unattributed, refused } = telemetry.read(
      [
        waiting({ model_name: 'a' }),
        waiting({}),
        waiting({ model_name: 'no model name' }),
        waiting({ model_name: 'a', engine: '1' }, Number.NaN),
        waiting({ model_name: 'a', engine: '2' }, Number.POSITIVE_INFINITY),
        { name: 'vllm:time_to_first_token_seconds_bucket', labels: { model_name: 'a' }, value: 1 },
        { name: 'node_cpu_seconds_total', labels: { model_name: 'a' }, value: 1 },
      ],
      NOW,
    );
    expect([rows.length, unattributed, refused]).toEqual([1, 2, 3]);
    const text = await registry.metrics();
    expect(text).toContain('plumbline_ingest_serving_samples_total{outcome="kept"} 1');
    expect(text).toContain('plumbline_ingest_serving_samples_total{outcome="unattributed"} 2');
    expect(text).toContain('plumbline_ingest_serving_samples_total{outcome="refused"} 3');
  });

  it('of more different series than allowed are refused, while known series go on', () => {
    const telemetry = new ServingTelemetry({
      adapters: servingAdapters,
      modelOf: createServingMatch([]),
      maxSeries: 2,
    });
    const many = ['a', 'b', 'c', 'd'].map((model) => waiting({ model_name: model }));
    expect(telemetry.read(many, NOW)).toMatchObject({ refused: 2 });
    expect(telemetry.read(many, NOW).rows.map(({ model }) => model)).toEqual(['a', 'b']);
  });

  it('have one series for all buckets of a histogram, told apart by their bound', () => {
    const telemetry = new ServingTelemetry({ adapters: servingAdapters, modelOf: createServingMatch([]) });
    const bucket = (le: string): MetricSample => ({
      name: 'vllm:time_to_first_token_seconds_bucket',
      labels: { model_name: 'a', le },
      value: 1,
    });
    const { rows } = telemetry.read([bucket('0.5'), bucket('+Inf'), { ...bucket('1'), timestampMs: NOW - 1 }], NOW);
    expect(new Set(rows.map(({ series }) => series)).size).toBe(1);
    expect(rows.map(({ le, ts }) => [le, ts])).toEqual([
      [0.5, '2026-11-21T10:00:00.000Z'],
      ['inf', '2026-11-21T10:00:00.000Z'],
      [1, '2026-11-21T09:59:59.999Z'],
    ]);
  });
});
