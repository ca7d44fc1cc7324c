import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type GpuRow, GpuTelemetry } from '../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../src/collectors/gpu/model-match.ts';
import { parseExposition } from '../../../src/collectors/prometheus/exposition.ts';
import type { MetricSample } from '../../../src/collectors/prometheus/metric-sample.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const T4 = 'GPU-77c1f2aa-5b1e-4c5e-8f0a-3d0e9b1c2a44';

function samplesOf(name: string): readonly MetricSample[] {
  const text = readFileSync(new URL(`../../fixtures/metrics/${name}`, import.meta.url), 'utf8');
  return parseExposition(text, 'text/plain').samples;
}

function sample(
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
  timestampMs?: number,
): MetricSample {
  const plain = { name, labels: { gpu: '0', UUID: 'GPU-a', Hostname: 'n1', ...labels }, value };
  return timestampMs === undefined ? plain : { ...plain, timestampMs };
}

function telemetry(...models: readonly { readonly model: string; readonly pod: string }[]): GpuTelemetry {
  return new GpuTelemetry(createModelMatch(models.map(({ model, pod }) => ({ model, gpu: { pod } }))));
}

function brief(rows: readonly GpuRow[]): readonly (readonly unknown[])[] {
  return rows.map(({ signal, gpu, pod, model, weight, value }) => [signal, gpu, pod, model, weight, value]);
}

describe('GPU telemetry', () => {
  it('reads whole, idle and MIG GPUs of an A100 node into base units', () => {
    const reading = telemetry({ model: 'fraud', pod: 'fraud-scorer-predictor-.*' }).read(
      samplesOf('dcgm-a100-mig.prom'),
      NOW,
    );
    const fraudPod = 'fraud-scorer-predictor-00007-deployment-6c9d8b7f5-x2vq4';
    const whole = 'GPU-8f2c1a6e-3b7d-4d19-9a55-0c4b7e2f9d10';
    const slice = 'GPU-1b90d3f4-77aa-4c02-8e61-5f0a9c3d2e11/2';
    const ranker = 'ranker-predictor-7d5f9c6b8-mm2kp';
    expect(brief(reading.rows)).toEqual([
      ['gpu_utilization_ratio', whole, fraudPod, 'fraud', 1, 0.97],
      ['gpu_memory_used_ratio', whole, fraudPod, 'fraud', 1, 71_680 / (71_680 + 9216)],
      ['gpu_tensor_active_ratio', whole, fraudPod, 'fraud', 1, 0.287_431],
      ['gpu_temperature_celsius', whole, fraudPod, 'fraud', 1, 71],
      ['gpu_power_watts', whole, fraudPod, 'fraud', 1, 356.412],
      ['gpu_xid_changes', whole, fraudPod, 'fraud', 1, 0],
      ['gpu_utilization_ratio', 'GPU-6ad4e8c2-0b1f-4f33-b7c8-91d2a5e07f12', '', '', 1, 0],
      // The engine's busy share stands in for the utilization a MIG instance does not have.
      ['gpu_utilization_ratio', slice, ranker, '', 3 / 7, 0.41288],
      ['gpu_memory_used_ratio', slice, ranker, '', 3 / 7, 12_288 / (12_288 + 27_904)],
    ]);
    expect(reading.rows[0]).toMatchObject({ ts: '2026-11-21T10:00:00.000Z', node: 'gpu-node-a1', namespace: 'fraud' });
    expect(reading.coverage).toEqual({ attributed: 1, unattributed: 1, idle: 1 });
  });

  it('takes the largest of the repeated rows under time-slicing, for each pod, with weights that add up to 1', () => {
    const reading = telemetry({ model: 'ranker', pod: 'ranker-.*' }, { model: 'embedder', pod: 'embedder-.*' }).read(
      samplesOf('dcgm-time-slicing.prom'),
      NOW,
    );
    const memory = 12_000 / (12_000 + 2913 + 447);
    expect(brief(reading.rows)).toEqual([
      ['gpu_utilization_ratio', T4, 'ranker-6c5b8d-abcde', 'ranker', 0.5, 0.88],
      ['gpu_memory_used_ratio', T4, 'ranker-6c5b8d-abcde', 'ranker', 0.5, memory],
      ['gpu_utilization_ratio', T4, 'embedder-7f9c4d-fghij', 'embedder', 0.5, 0.88],
      ['gpu_memory_used_ratio', T4, 'embedder-7f9c4d-fghij', 'embedder', 0.5, memory],
      ['gpu_power_watts', T4, 'ranker-6c5b8d-abcde', 'ranker', 0.5, 66.5],
      ['gpu_power_watts', T4, 'embedder-7f9c4d-fghij', 'embedder', 0.5, 66.5],
      ['gpu_xid_changes', T4, 'ranker-6c5b8d-abcde', 'ranker', 0.5, 0],
      ['gpu_xid_changes', T4, 'embedder-7f9c4d-fghij', 'embedder', 0.5, 0],
    ]);
    expect(reading.coverage).toEqual({ attributed: 1, unattributed: 0, idle: 0 });
  });

  it('reads the names of DCGM 4.6, where a name that ends in ratio is still a percent', () => {
    const { rows } = telemetry().read(samplesOf('dcgm-4.6-names.prom'), NOW);
    expect(rows.map(({ signal, model, value }) => [signal, model, value])).toEqual([
      ['gpu_utilization_ratio', 'chat', 0.74],
      ['gpu_memory_used_ratio', 'chat', 0.8125],
      ['gpu_sm_active_ratio', 'chat', 1],
      ['gpu_temperature_celsius', 'chat', 63],
      ['gpu_power_watts', 'chat', 512.25],
      ['gpu_pcie_bytes_per_second', 'chat', 12e9],
      ['gpu_xid_changes', 'chat', 0],
    ]);
  });

  it('reads the old names and pod labels, and drops the blanks of all three types', () => {
    const reading = telemetry({ model: 'scorer', pod: 'scorer-\\d+' }).read(samplesOf('dcgm-old-blanks.prom'), NOW);
    expect(
      reading.rows.map(({ signal, gpu, namespace, model, value }) => [signal, gpu, namespace, model, value]),
    ).toEqual([
      ['gpu_utilization_ratio', 'GPU-11112222-3333-4444-5555-666677778888', 'risk', 'scorer', 0.42],
      ['gpu_memory_used_ratio', 'GPU-11112222-3333-4444-5555-666677778888', 'risk', 'scorer', 0.5],
      ['gpu_temperature_celsius', 'GPU-11112222-3333-4444-5555-666677778888', 'risk', 'scorer', 55],
      ['gpu_power_watts', 'GPU-11112222-3333-4444-5555-666677778888', 'risk', 'scorer', 120],
    ]);
    expect(reading.blanks).toBe(5);
    expect(reading.coverage).toEqual({ attributed: 1, unattributed: 0, idle: 1 });
  });

  it("takes the workload's pod, never the exporter's, from what Prometheus relabelled", () => {
    const { rows } = telemetry({ model: 'any', pod: '.*' }).read(samplesOf('dcgm-through-prometheus.prom'), NOW);
    expect(rows.map(({ namespace, pod, model, value }) => [namespace, pod, model, value])).toEqual([
      ['fraud', 'fraud-scorer-1', 'any', 0.97],
      ['', '', '', 0],
    ]);
  });

  it.each([
    ['percent when one is above 1', [0, 1, 93], [0, 0.01, 0.93]],
    ['ratios when one is a fraction', [0, 1, 0.5], [0, 1, 0.5]],
    ['nothing but zeros when all are 0 or 1, rather than a guess', [0, 1], [0]],
  ])('reads utilization of undeclared unit as %s', (_, given, expected) => {
    const samples = given.map((value, index) => sample('DCGM_FI_DEV_GPU_UTIL_RATIO', { UUID: `GPU-${index}` }, value));
    expect(
      telemetry()
        .read(samples, NOW)
        .rows.map(({ value }) => value),
    ).toEqual(expected);
  });

  it('gives values of the whole device once for each pod, weighted by the slices it holds', () => {
    const slice = (id: string, profile: string, pod: string): Readonly<Record<string, string>> => ({
      GPU_I_ID: id,
      GPU_I_PROFILE: profile,
      ...(pod === '' ? {} : { pod, namespace: 'x' }),
    });
    const { rows, coverage } = telemetry({ model: 'm', pod: 'a' }).read(
      [
        sample('DCGM_FI_DEV_POWER_USAGE', {}, 300),
        sample('DCGM_FI_DEV_POWER_USAGE', slice('1', '1g.10gb', 'a'), 300),
        sample('DCGM_FI_PROF_GR_ENGINE_ACTIVE', slice('1', '1g.10gb', 'a'), 0.5),
        sample('DCGM_FI_PROF_GR_ENGINE_ACTIVE', slice('2', '2g.20gb', 'a'), 0.25),
        sample('DCGM_FI_PROF_GR_ENGINE_ACTIVE', slice('3', '4g.40gb', ''), 0),
        sample('DCGM_FI_PROF_GR_ENGINE_ACTIVE', {}, 0.14),
      ],
      NOW,
    );
    expect(brief(rows.filter(({ signal }) => signal === 'gpu_power_watts'))).toEqual([
      ['gpu_power_watts', 'GPU-a', 'a', 'm', 1 / 7 + 2 / 7, 300],
      ['gpu_power_watts', 'GPU-a', '', '', 4 / 7, 300],
    ]);
    const busy = rows.filter(({ signal }) => signal === 'gpu_utilization_ratio');
    expect(busy.map(({ gpu, value }) => [gpu, value])).toEqual([
      ['GPU-a/1', 0.5],
      ['GPU-a/2', 0.25],
      ['GPU-a/3', 0],
    ]);
    expect(busy.reduce((sum, { weight, value }) => sum + weight * value, 0)).toBeCloseTo((0.5 * 1 + 0.25 * 2) / 7, 12);
    expect(coverage).toEqual({ attributed: 2, unattributed: 0, idle: 1 });
  });

  it('divides an A30 into four slices', () => {
    const labels = { GPU_I_ID: '1', GPU_I_PROFILE: '2g.12gb', modelName: 'NVIDIA-A30' };
    expect(telemetry().read([sample('DCGM_FI_PROF_SM_ACTIVE', labels, 0.5)], NOW).rows[0]?.weight).toBe(0.5);
  });

  it('says nothing where half of a sum is missing or a value cannot be', () => {
    const { rows, blanks } = telemetry().read(
      [
        sample('DCGM_FI_PROF_PCIE_TX_BYTES', {}, 5e9),
        sample('DCGM_FI_DEV_FB_USED', {}, 100),
        sample('DCGM_FI_DEV_GPU_UTIL', {}, 101),
        sample('DCGM_FI_DEV_POWER_USAGE', {}, -1),
        sample('node_cpu_seconds_total', {}, 4),
      ],
      NOW,
    );
    expect(rows).toEqual([]);
    expect(blanks).toBe(2);
  });

  it('falls back to node and index for a GPU without UUID, and ignores rows of no GPU', () => {
    const { rows } = telemetry().read(
      [
        { name: 'DCGM_FI_DEV_GPU_TEMP', labels: { gpu: '2', instance: 'box-1:9400' }, value: 40 },
        { name: 'DCGM_FI_DEV_GPU_TEMP', labels: { nvswitch: '0' }, value: 40 },
      ],
      NOW,
    );
    expect(rows.map(({ gpu, node }) => [gpu, node])).toEqual([['box-1/gpu2', 'box-1']]);
  });

  it('keeps the moments of a batch apart', () => {
    const { rows } = telemetry().read(
      [sample('DCGM_FI_DEV_GPU_UTIL', {}, 20, NOW + 1000), sample('DCGM_FI_DEV_GPU_UTIL', {}, 90, NOW)],
      NOW,
    );
    expect(rows.map(({ ts, value }) => [ts, value])).toEqual([
      ['2026-11-21T10:00:00.000Z', 0.9],
      ['2026-11-21T10:00:01.000Z', 0.2],
    ]);
  });

  it('tells a model whose pods share a GPU of an XID error once', () => {
    const gpus = telemetry({ model: 'm', pod: '[ab]' });
    const read = (code: number): readonly GpuRow[] =>
      gpus.read(
        ['a', 'b'].map((pod) => sample('DCGM_FI_DEV_XID_ERRORS', { pod }, code)),
        NOW,
      ).rows;
    read(0);
    expect(brief(read(79))).toEqual([['gpu_xid_changes', 'GPU-a', 'a', 'm', 1, 1]]);
  });
});

describe('XID errors', () => {
  it.each([
    ['a code that stays', [31, 31, 31], [0, 0, 0]],
    ['a code that comes, changes and is reset', [0, 79, 79, 48, 0, 0], [0, 1, 0, 1, 0, 0]],
    ['a blank between two equal codes', [13, 2_147_483_634, 13], [0, 0, 0]],
  ])('by last code: %s', (_, codes, expected) => {
    const gpus = telemetry();
    const changes = codes.map((code) => gpus.read([sample('DCGM_FI_DEV_XID_ERRORS', {}, code)], NOW).rows[0]?.value);
    expect(changes).toEqual(expected);
  });

  it('by the counts of a sliding window: a rise is new, a fall is forgotten', () => {
    const gpus = telemetry();
    const read = (counts: Readonly<Record<string, number>>, code: number): number | undefined =>
      gpus.read(
        [
          sample('DCGM_FI_DEV_XID_ERRORS', {}, code),
          ...Object.entries(counts).map(([xid, value]) => sample('DCGM_EXP_XID_ERRORS_COUNT', { xid }, value)),
        ],
        NOW,
      ).rows[0]?.value;
    expect(read({}, 0)).toBe(0);
    expect(read({ 13: 3 }, 13)).toBe(3);
    expect(read({ 13: 5, 31: 1 }, 31)).toBe(3);
    expect(read({ 13: 2, 31: 1 }, 31)).toBe(0);
    expect(read({}, 31)).toBe(0);
    expect(read({ 31: 1 }, 31)).toBe(1);
  });

  it('are forgotten for a GPU that was away for six hours', () => {
    const gpus = telemetry();
    gpus.read([sample('DCGM_FI_DEV_XID_ERRORS', {}, 0)], NOW);
    gpus.read([], NOW + 7 * 3_600_000);
    expect(gpus.read([sample('DCGM_FI_DEV_XID_ERRORS', {}, 79)], NOW + 7 * 3_600_000).rows[0]?.value).toBe(0);
  });
});
