import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CounterMemory } from '../../../src/collectors/gpu/counter-memory.ts';
import { GpuTelemetry } from '../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../src/collectors/gpu/model-match.ts';
import { parseExposition } from '../../../src/collectors/prometheus/exposition.ts';
import type { MetricSample } from '../../../src/collectors/prometheus/metric-sample.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const GPU = { gpu: '0', UUID: 'GPU-a', Hostname: 'n1' };

function fixture(name: string): readonly MetricSample[] {
  const text = readFileSync(new URL(`../../fixtures/metrics/gpu/${name}`, import.meta.url), 'utf8');
  return parseExposition(text, 'text/plain').samples;
}

function telemetry(): GpuTelemetry {
  return new GpuTelemetry(createModelMatch([]));
}

function values(gpus: GpuTelemetry, samples: readonly MetricSample[], atMs: number): Readonly<Record<string, number>> {
  return Object.fromEntries(gpus.read(samples, atMs).rows.map(({ signal, value }) => [signal, value]));
}

describe('the counters of a GPU', () => {
  it('tell what happened since the scrape 30 seconds before', () => {
    const gpus = telemetry();
    expect(values(gpus, fixture('dcgm-counters.before.prom'), NOW)).toEqual({
      gpu_memory_bandwidth_ratio: 0.25,
      gpu_row_remap_failures: 0,
      gpu_nvlink_bytes_per_second: 2e9,
      gpu_pcie_replays: 0,
      gpu_ecc_correctable_errors: 0,
      gpu_ecc_uncorrectable_errors: 0,
      gpu_remapped_rows: 0,
      gpu_nvlink_errors: 0,
    });
    expect(values(gpus, fixture('dcgm-counters.after.prom'), NOW + 30_000)).toEqual({
      gpu_memory_bandwidth_ratio: 0.75,
      // 30 s at 400 W, told in millijoules.
      gpu_power_watts: 400,
      // 6 s by power and 3 s by heat overlap; that it was idle counts for nothing.
      gpu_throttled_ratio: 6 / 30,
      gpu_row_remap_failures: 1,
      gpu_nvlink_bytes_per_second: 5e9,
      gpu_pcie_replays: 2,
      gpu_ecc_correctable_errors: 4,
      gpu_ecc_uncorrectable_errors: 1,
      gpu_remapped_rows: 3,
      gpu_nvlink_errors: 3,
    });
  });

  it('begin anew when the driver was loaded again', () => {
    const gpus = telemetry();
    const read = (errors: number, atMs: number): number | undefined =>
      values(gpus, [{ name: 'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', labels: GPU, value: errors }], atMs)[
        'gpu_ecc_uncorrectable_errors'
      ];
    expect([read(5, NOW), read(5, NOW + 1000), read(2, NOW + 2000), read(3, NOW + 3000)]).toEqual([0, 0, 2, 1]);
  });

  it('count nothing twice when the same moment is read again or an older one comes late', () => {
    const gpus = telemetry();
    const read = (errors: number, atMs: number): number | undefined =>
      values(gpus, [{ name: 'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', labels: GPU, value: errors }], atMs)[
        'gpu_ecc_uncorrectable_errors'
      ];
    expect([read(1, NOW), read(4, NOW + 1000), read(4, NOW + 1000), read(1, NOW), read(5, NOW + 2000)]).toEqual([
      0, 3, 0, 0, 1,
    ]);
  });

  it('are forgotten for what was away for six hours', () => {
    const memory = new CounterMemory();
    expect(memory.step('a', 1, NOW)).toBeUndefined();
    expect(memory.step('a', 3, NOW + 1000)).toEqual({ increase: 2, seconds: 1 });
    memory.forget(NOW + 7 * 3_600_000);
    expect(memory.step('a', 9, NOW + 7 * 3_600_000)).toBeUndefined();
  });
});

describe('the reasons for which clocks are held down', () => {
  it.each([
    ['none', 0, 0],
    ['idle and a clock setting', 1 + 2, 0],
    ['a power cap', 4, 1],
    ['heat beside idle', 1 + 64, 1],
    ['the power brake', 128, 1],
    ['the display', 256, 0],
  ])('%s', (_, mask, expected) => {
    const sample = { name: 'DCGM_FI_DEV_CLOCKS_EVENT_REASONS', labels: GPU, value: mask };
    expect(values(telemetry(), [sample], NOW)).toEqual({ gpu_throttled_ratio: expected });
  });
});

describe('other exporters of GPUs', () => {
  it('Triton: ratios, bytes, watts and joules under gpu_uuid', () => {
    const labels = { gpu_uuid: 'GPU-t', instance: 'triton-0:8002', pod: 'triton-0', namespace: 'ml' };
    const { rows } = telemetry().read(
      [
        { name: 'nv_gpu_utilization', labels, value: 0.83 },
        { name: 'nv_gpu_memory_total_bytes', labels, value: 16_106_127_360 },
        { name: 'nv_gpu_memory_used_bytes', labels, value: 4_026_531_840 },
        { name: 'nv_gpu_power_usage', labels, value: 32.09 },
      ],
      NOW,
    );
    expect(rows.map(({ signal, gpu, node, pod, value }) => [signal, gpu, node, pod, value])).toEqual([
      ['gpu_utilization_ratio', 'GPU-t', 'triton-0', 'triton-0', 0.83],
      ['gpu_memory_used_ratio', 'GPU-t', 'triton-0', 'triton-0', 0.25],
      ['gpu_power_watts', 'GPU-t', 'triton-0', 'triton-0', 32.09],
    ]);
  });

  it('nvidia_gpu_exporter: base units under uuid', () => {
    const labels = { uuid: 'GPU-s', instance: 'box-1:9835' };
    const read = values(
      telemetry(),
      [
        { name: 'nvidia_smi_utilization_gpu_ratio', labels, value: 0.4 },
        { name: 'nvidia_smi_temperature_gpu', labels, value: 55 },
        { name: 'nvidia_smi_power_draw_watts', labels, value: 120 },
      ],
      NOW,
    );
    expect(read).toEqual({ gpu_utilization_ratio: 0.4, gpu_temperature_celsius: 55, gpu_power_watts: 120 });
  });
});
