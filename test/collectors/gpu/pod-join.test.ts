import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type GpuReading, GpuTelemetry } from '../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../src/collectors/gpu/model-match.ts';
import { parseExposition } from '../../../src/collectors/prometheus/exposition.ts';
import type { MetricSample } from '../../../src/collectors/prometheus/metric-sample.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const KUBE = parseExposition(
  readFileSync(new URL('../../fixtures/metrics/gpu/kube-state-metrics.prom', import.meta.url), 'utf8'),
  'text/plain',
).samples;

function gpus(node: string, count: number, labels: Readonly<Record<string, string>> = {}): readonly MetricSample[] {
  return Array.from({ length: count }, (_, index) => ({
    name: 'DCGM_FI_DEV_GPU_UTIL',
    labels: { gpu: String(index), UUID: `GPU-${node}-${index}`, Hostname: node, ...labels },
    value: 50,
  }));
}

function read(samples: readonly MetricSample[], kube = KUBE): GpuReading {
  const telemetry = new GpuTelemetry(createModelMatch([]));
  telemetry.read(kube, NOW);
  return telemetry.read(samples, NOW + 30_000);
}

describe('the join from GPUs to models by kube-state-metrics', () => {
  it('takes the labels of the pod that the exporter names', () => {
    const { rows } = read(gpus('gpu-node-2', 1, { namespace: 'ml', pod: 'ranker-predictor-7d5f9c6b8-mm2kp' }));
    expect(rows.map(({ model, pod }) => [model, pod])).toEqual([['ranker', 'ranker-predictor-7d5f9c6b8-mm2kp']]);
  });

  it('takes the pods of the node when they ask for all of its GPUs and serve one model', () => {
    const { rows, coverage } = read(gpus('gpu-node-2', 2));
    expect(rows.map(({ model, pod }) => [model, pod])).toEqual([
      ['ranker', ''],
      ['ranker', ''],
    ]);
    expect(coverage).toEqual({ attributed: 2, unattributed: 0, idle: 0 });
  });

  it.each([
    ['they ask for fewer than the node has', gpus('gpu-node-2', 4)],
    ['a pod serves no known model', gpus('gpu-node-3', 1)],
    ['nothing is known of the node', gpus('gpu-node-9', 1)],
    [
      'the exporter does name pods on the node',
      [
        ...gpus('gpu-node-2', 1, { namespace: 'ml', pod: 'ranker-predictor-7d5f9c6b8-mm2kp' }),
        ...gpus('gpu-node-2', 2).slice(1),
      ],
    ],
  ])('attributes none by the node when %s', (_, samples) => {
    const { rows } = read(samples);
    expect(rows.filter(({ pod, model }) => pod === '' && model !== '')).toEqual([]);
  });

  it('reads kube-state-metrics through Prometheus, where the pod is an exported one', () => {
    const renamed = KUBE.map((sample) => {
      const { namespace = '', pod = '', ...rest } = sample.labels;
      const labels = { ...rest, exported_namespace: namespace, exported_pod: pod, namespace: 'monitoring', pod: 'ksm' };
      return { ...sample, labels };
    });
    expect(read(gpus('gpu-node-2', 2), renamed).rows.map(({ model }) => model)).toEqual(['ranker', 'ranker']);
  });

  it('forgets pods that have not been described for ten minutes', () => {
    const telemetry = new GpuTelemetry(createModelMatch([]));
    telemetry.read(KUBE, NOW);
    const other = [{ name: 'kube_pod_info', labels: { namespace: 'x', pod: 'y', node: 'z' }, value: 1 }];
    telemetry.read(other, NOW + 700_000);
    expect(telemetry.read(gpus('gpu-node-2', 2), NOW + 700_000).rows.map(({ model }) => model)).toEqual(['', '']);
  });

  it('shows the coverage of each node until it was silent for ten minutes', async () => {
    const registry = new Registry();
    const telemetry = new GpuTelemetry(createModelMatch([]), new Telemetry(registry));
    const both = [...gpus('gpu-node-2', 2), ...gpus('gpu-node-3', 1, { namespace: 'ml', pod: 'notebook-0' })];
    telemetry.read([...KUBE, ...both], NOW);
    const shown = await registry.metrics();
    expect(shown).toContain('plumbline_ingest_gpu_parts{node="gpu-node-2",join="attributed"} 2');
    expect(shown).toContain('plumbline_ingest_gpu_parts{node="gpu-node-3",join="unattributed"} 1');
    telemetry.read(gpus('gpu-node-2', 2), NOW + 700_000);
    expect(await registry.metrics()).not.toContain('gpu-node-3');
  });
});
