import { afterEach, describe, expect, it } from 'vitest';
import { parseExposition } from '../../src/collectors/prometheus/exposition.ts';
import { SimulatedGpuExporter } from '../../src/demo/simulated-gpu-exporter.ts';
import { bookingsUsd, gpuReading } from '../../src/demo/simulated-incident.ts';

const MINUTE = 60_000;
const incident = { fromMs: Date.UTC(2001, 5, 30, 17, 10), toMs: Date.UTC(2001, 5, 30, 17, 22) };

let exporter: SimulatedGpuExporter | undefined;
afterEach(() => exporter?.stop());

describe('SimulatedGpuExporter', () => {
  it('answers what a DCGM exporter answers, with every name marked as simulated', async () => {
    exporter = await SimulatedGpuExporter.start({ now: () => incident.fromMs, incident });
    const response = await fetch(`http://${exporter.target}/metrics`);
    const type = response.headers.get('content-type') ?? '';
    const { samples, errors } = parseExposition(await response.text(), type);
    expect(errors).toEqual([]);
    expect(samples.map(({ name }) => name)).toContain('DCGM_FI_PROF_SM_ACTIVE');
    expect(samples.find(({ name }) => name === 'DCGM_FI_DEV_GPU_UTIL')?.value).toBe(95);
    for (const { labels } of samples) {
      expect(labels).toMatchObject({
        Hostname: 'gpu-simulated-1',
        pod: 'late-flights-simulated-0',
        modelName: 'simulated',
      });
    }
    expect((await fetch(`http://${exporter.target}/other`)).status).toBe(404);
  });

  it('shows 95 percent during the incident and never more than 85 outside it', () => {
    const during: number[] = [];
    const outside: number[] = [];
    for (let at = incident.fromMs - 120 * MINUTE; at < incident.toMs + 120 * MINUTE; at += MINUTE) {
      const inside = at >= incident.fromMs && at < incident.toMs;
      (inside ? during : outside).push(gpuReading(at, incident).utilizationPercent);
    }
    expect(during).toEqual(Array<number>(12).fill(95));
    expect(Math.max(...outside)).toBeLessThan(85);
  });

  it('loses a third of the simulated bookings while the incident lasts', () => {
    const justBefore = bookingsUsd(incident.fromMs - 1, incident);
    expect(bookingsUsd(incident.fromMs, incident) / justBefore).toBeCloseTo(0.65, 3);
    expect(bookingsUsd(incident.toMs, incident)).toBeGreaterThan(3800);
  });
});
