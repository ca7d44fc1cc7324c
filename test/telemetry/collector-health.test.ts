import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { FakeClock } from '../../src/core/clock.ts';
import { CollectorHealth } from '../../src/telemetry/collector-health.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';

const START = Date.parse('2026-05-01T10:00:00Z');

function watch() {
  const clock = new FakeClock(START);
  const registry = new Registry();
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const health = new CollectorHealth({ telemetry: new Telemetry(registry), logger, clock });
  return {
    clock,
    health,
    events: () => lines.map((line) => /"event":"(\w+)"/.exec(line)?.[1]),
    metric: async (name: string) =>
      (await registry.metrics())
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')[1],
  };
}

test('a collector that fails is down until it succeeds, and each turn is logged once', async () => {
  const { clock, health, events, metric } = watch();
  health.succeeded('kafka');
  expect(await metric('plumbline_ingest_collector_up{collector="kafka"}')).toBe('1');
  health.failed('kafka', 'the broker is away');
  health.failed('kafka', 'the broker is away');
  expect(health.states()).toEqual([
    { collector: 'kafka', up: false, lastSuccessMs: START, detail: 'the broker is away' },
  ]);
  expect(await metric('plumbline_ingest_collector_up{collector="kafka"}')).toBe('0');
  clock.advance(5000);
  health.succeeded('kafka');
  expect(health.states()).toEqual([{ collector: 'kafka', up: true, lastSuccessMs: START + 5000, detail: '' }]);
  expect(await metric('plumbline_ingest_last_success_timestamp_seconds{collector="kafka"}')).toBe(
    String((START + 5000) / 1000),
  );
  expect(events()).toEqual(['collector_down', 'collector_recovered']);
});

test('a collector that falls silent for longer than it may is down, one that only waits for senders is not', () => {
  const { clock, health, events } = watch();
  health.expect('scrape', 60_000);
  health.succeeded('scrape');
  health.succeeded('http');
  clock.advance(60_000);
  health.check();
  expect(health.states().map(({ up }) => up)).toEqual([true, true]);
  clock.advance(1000);
  health.check();
  health.check();
  expect(health.states()).toMatchObject([
    { collector: 'scrape', up: false, detail: 'no success for 61 seconds' },
    { collector: 'http', up: true },
  ]);
  expect(events()).toEqual(['collector_down']);
});

test('a collector that never succeeds is down after its silence', () => {
  const { clock, health } = watch();
  health.expect('registry', 10_000);
  health.check();
  expect(health.states()[0]?.up).toBe(true);
  clock.advance(10_001);
  expect(health.states()[0]).toMatchObject({ up: false, lastSuccessMs: undefined });
});
