import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { GpuTelemetry } from '../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../src/collectors/gpu/model-match.ts';
import { prometheusConfigSchema } from '../../../src/collectors/prometheus/config.ts';
import { createScrapeCollector } from '../../../src/collectors/prometheus/scrape-collector.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { waitFor } from '../../support/processes.ts';
import { type Exporter, startExporter } from './exporter.ts';
import { ManualClock } from './manual-clock.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const folder = mkdtempSync(join(tmpdir(), 'plumbline-scrape-job-'));
const exporters: Exporter[] = [];
let shared: TestStore;

beforeAll(async () => {
  shared = await startTestStore();
});
afterAll(async () => {
  await shared.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.stop()));
});

async function exporter(text: string): Promise<Exporter> {
  const started = await startExporter((_request, response) => response.end(text));
  exporters.push(started);
  return started;
}

function harness(job: Readonly<Partial<z.input<typeof prometheusConfigSchema>['scrape'] & object>[number]>) {
  const telemetry = new Telemetry(new Registry());
  const clock = new ManualClock(NOW);
  const log: string[] = [];
  const collector = createScrapeCollector({
    config: prometheusConfigSchema.parse({ scrape: [job] }),
    gpu: new GpuTelemetry(createModelMatch([])),
    store: shared.store,
    telemetry,
    logger: pino({ level: 'info' }, { write: (line) => log.push(line) }),
    clock,
    random: Math.random,
    fetch: globalThis.fetch,
  });
  return { collector, telemetry, clock, log };
}

async function stored(job: string): Promise<readonly unknown[]> {
  const sql =
    "SELECT name, labels, value FROM metric_samples WHERE job = {job:String} AND name NOT LIKE 'scrape%' AND name != 'up' ORDER BY name, ts, toString(labels)";
  return shared.store.rows({ name: 'test_samples', sql, parameters: { job } });
}

describe('relabelling in a scrape', () => {
  it('changes and leaves out targets and samples', async () => {
    const kept = await exporter('a{id="1",namespace="x"} 1\nb 2\ndropped_total 3\n');
    const left = await exporter('a 1\n');
    const { collector } = harness({
      job: 'relabel',
      honor_labels: true,
      static_configs: [
        { targets: [kept.target], labels: { namespace: 'y', __meta_site: 'x' } },
        { targets: [left.target], labels: { __meta_site: 'z' } },
      ],
      relabel_configs: [
        { source_labels: ['__meta_site'], regex: 'x', action: 'keep' },
        { source_labels: ['__meta_site'], target_label: 'site' },
        { target_label: '__param_module', replacement: 'gpu' },
      ],
      metric_relabel_configs: [
        { source_labels: ['__name__'], regex: 'dropped_.*', action: 'drop' },
        { source_labels: ['__name__'], regex: 'b', target_label: '__name__', replacement: 'renamed' },
        { regex: 'id', action: 'labeldrop' },
      ],
    });
    const outcomes = await collector.scrapeOnce(NOW);
    expect(outcomes.map(({ instance, samples }) => [instance, samples])).toEqual([[kept.target, 3]]);
    expect(left.requests).toHaveLength(0);
    expect(await stored('relabel')).toEqual([
      { name: 'a', labels: { namespace: 'x', site: 'x' }, value: 1 },
      { name: 'renamed', labels: { namespace: 'y', site: 'x' }, value: 2 },
    ]);
    const sql =
      "SELECT name, value FROM metric_samples WHERE job = 'relabel' AND name IN ('scrape_samples_scraped', 'scrape_samples_post_metric_relabeling') ORDER BY name";
    expect(await shared.store.rows({ name: 'test_health', sql })).toEqual([
      { name: 'scrape_samples_post_metric_relabeling', value: 2 },
      { name: 'scrape_samples_scraped', value: 3 },
    ]);
  });
});

describe('targets that come and go', () => {
  const file = join(folder, 'targets.json');
  const write = (...targets: readonly string[]): void =>
    writeFileSync(file, JSON.stringify([{ targets, labels: { site: 'x' } }]));

  it('are scraped while they are listed, and free their series when they are gone', async () => {
    const first = await exporter('a 1\nb 1\n');
    const second = await exporter('a 2\nb 2\n');
    write(first.target);
    const { collector, clock, telemetry, log } = harness({
      job: 'dynamic',
      file_sd_configs: [{ files: [file], refresh_interval: '20s' }],
      interval: '10s',
      series_limit: 2,
    });
    await collector.start();
    await first.asked(1);
    // The discovery, the target's loop, and the gathering of rows.
    await clock.sleepers(3);
    write(second.target);
    clock.advance(20_000);
    await second.asked(1);
    await waitFor('the first target to be gone', async () =>
      (await telemetry.registry.metrics()).includes(`instance="${first.target}"`) ? undefined : true,
    );
    const before = first.requests.length;
    await clock.sleepers(3);
    clock.advance(10_000);
    await second.asked(2);
    await clock.sleepers(3);
    await collector.stop();
    expect(first.requests).toHaveLength(before);
    const values = (await stored('dynamic')).filter((row) => JSON.stringify(row).includes('"value":2'));
    expect(values).toHaveLength(4);
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain('plumbline_discovery_targets{job="dynamic"} 1');
    expect(metrics).not.toContain('series_limit"}');
    expect(log.filter((line) => line.includes('refused'))).toEqual([]);
  });

  it('stay when the discovery fails, which is said once, and those that cannot be are refused', async () => {
    const good = await exporter('a 1\n');
    write(good.target, 'http://no-url', 'beyond:1');
    const { collector, clock, telemetry, log } = harness({
      job: 'failing',
      file_sd_configs: [{ files: [file], refresh_interval: '10s' }],
      interval: '10s',
      target_limit: 1,
    });
    await collector.start();
    await good.asked(1);
    for (const round of [2, 3]) {
      await clock.sleepers(3);
      writeFileSync(file, 'nonsense: [');
      clock.advance(10_000);
      await good.asked(round);
    }
    await waitFor('both failures', async () =>
      (await telemetry.registry.metrics()).includes('plumbline_discovery_failures_total{job="failing",kind="file"} 2')
        ? true
        : undefined,
    );
    await collector.stop();
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain('plumbline_discovery_refused_targets{job="failing",reason="unusable"} 1');
    expect(metrics).toContain('plumbline_discovery_refused_targets{job="failing",reason="target_limit"} 1');
    const messages = log.map((line) => /"msg":"([^"]*)"/.exec(line)?.[1]);
    expect(messages.filter((text) => text?.includes('the last ones known are kept'))).toHaveLength(1);
    expect(messages.filter((text) => text === 'Targets are not scraped.')).toHaveLength(2);
  });
});
