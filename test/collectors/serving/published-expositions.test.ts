import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GpuTelemetry } from '../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../src/collectors/gpu/model-match.ts';
import { parseExposition } from '../../../src/collectors/prometheus/exposition.ts';
import { servingAdapters } from '../../../src/collectors/serving/registry.ts';
import { createServingMatch } from '../../../src/collectors/serving/serving-match.ts';
import { type ServingReading, ServingTelemetry } from '../../../src/collectors/serving/serving-telemetry.ts';

// Expositions that others published of real exporters. They are not part of the repository: name the folder that holds
// metrics-samples in PLUMBLINE_TEST_DATA to run this.
const FOLDER = join(process.env['PLUMBLINE_TEST_DATA'] ?? '', 'metrics-samples');
const NOW = Date.UTC(2026, 10, 21, 10);

function samplesOf(file: string): ReturnType<typeof parseExposition>['samples'] {
  const exposition = parseExposition(readFileSync(join(FOLDER, file), 'utf8'), 'text/plain');
  expect(exposition.errors).toEqual([]);
  return exposition.samples;
}

function serving(file: string): ServingReading {
  const telemetry = new ServingTelemetry({ adapters: servingAdapters, modelOf: createServingMatch([]) });
  return telemetry.read(samplesOf(file), NOW);
}

describe.skipIf(process.env['PLUMBLINE_TEST_DATA'] === undefined || !existsSync(FOLDER))(
  'published expositions of real exporters',
  () => {
    it.each([
      ['dcgm-l4-idle.prom', 'gpu_utilization_ratio', 0],
      ['dcgm-l40s.prom', 'gpu_temperature_celsius', 32],
      ['dcgm-t4-busy.prom', 'gpu_utilization_ratio', 0.91],
    ])('%s has %s', (file, signal, value) => {
      const { rows } = new GpuTelemetry(createModelMatch([])).read(samplesOf(file), NOW);
      expect(rows.filter((row) => row.signal === signal).map((row) => row.value)).toContain(value);
      expect(new Set(rows.map((row) => row.node)).has('')).toBe(false);
    });

    it('of vLLM have every measure of a language model', () => {
      const { rows, refused } = serving('vllm-qwen2.5-0.5b.prom');
      expect(refused).toBe(0);
      expect([...new Set(rows.map(({ model }) => model))]).toEqual(['Qwen/Qwen2.5-0.5B-Instruct']);
      expect([...new Set(rows.map(({ measure }) => measure))].toSorted()).toEqual([
        'decode_count',
        'decode_sum',
        'in_flight',
        'inter_token_bucket',
        'kv_cache',
        'latency_bucket',
        'latency_count',
        'latency_sum',
        'output_tokens',
        'preemptions',
        'prefill_count',
        'prefill_sum',
        'queue_depth',
        'queue_time_count',
        'queue_time_sum',
        'requests',
        'ttft_bucket',
      ]);
    });

    it('of an older vLLM have its names read too', () => {
      const { rows } = serving('vllm-opt-125m-one-request-excerpt.prom');
      const first = rows.filter(({ measure, value }) => measure === 'ttft_bucket' && value === 1);
      expect(first.map(({ le }) => le)[0]).toBe(0.5);
      expect(rows.filter(({ measure }) => measure === 'kv_cache')).toHaveLength(1);
    });

    it('of Triton have both models', () => {
      const { rows } = serving('triton-densenet-excerpt.prom');
      expect([...new Set(rows.map(({ model }) => model))]).toEqual(['densenet_onnx', 'simple']);
      const took = rows.find(({ measure, model }) => measure === 'latency_sum' && model === 'densenet_onnx');
      expect(took?.version).toBe('1');
      expect(took?.value).toBeCloseTo(1.327965, 9);
    });
  },
);
