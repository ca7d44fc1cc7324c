import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CLUSTER_RUNTIMES, RUNTIME_ORDER } from '../../../src/analysis/serving/minute-values.ts';
import { writeServingSignals } from '../../../src/analysis/serving/serving-signals.ts';
import { parseExposition } from '../../../src/collectors/prometheus/exposition.ts';
import { servingAdapters } from '../../../src/collectors/serving/registry.ts';
import { createServingMatch } from '../../../src/collectors/serving/serving-match.ts';
import { ServingTelemetry } from '../../../src/collectors/serving/serving-telemetry.ts';
import { findSignal } from '../../../src/signals/catalogue.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { expectedSignals } from './expected-signals.ts';

const FOLDER = new URL('../../fixtures/metrics/serving/', import.meta.url);
const T0 = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;

let running: TestStore;

beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

const rowSchema = z.object({
  signal: z.string(),
  model: z.string(),
  version: z.string(),
  segment: z.string(),
  value: z.number(),
});
type SignalRow = z.infer<typeof rowSchema>;

/** Stores two scrapes a minute apart, half a minute into their minutes, and returns the signals of the second minute. */
async function conclude(fixture: string, atMs: number): Promise<readonly SignalRow[]> {
  const { store } = running;
  const telemetry = new ServingTelemetry({ adapters: servingAdapters, modelOf: createServingMatch([]) });
  for (const [moment, offsetMs] of [['before', -MINUTE / 2] as const, ['after', MINUTE / 2] as const]) {
    const exposition = parseExposition(
      readFileSync(new URL(`${fixture}.${moment}.prom`, FOLDER), 'utf8'),
      'text/plain; version=0.0.4',
    );
    expect(exposition.errors).toEqual([]);
    const { rows, refused } = telemetry.read(exposition.samples, atMs + offsetMs);
    expect(refused).toBe(0);
    await store.insert('serving_samples', rows);
  }
  const range = { fromMs: atMs, toMs: atMs + MINUTE };
  await writeServingSignals({ store, range, nowMs: atMs + 2 * MINUTE });
  const sql =
    'SELECT signal, model, version, segment, value FROM signals FINAL WHERE t = toDateTime({t:UInt32}) ORDER BY signal, version, segment';
  const rows = await store.rows({ name: 'test', sql, parameters: { t: atMs / 1000 } });
  return z.array(rowSchema).parse(rows);
}

function close(actual: Readonly<Record<string, number>>, expected: Readonly<Record<string, number>>): void {
  expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [signal, value] of Object.entries(expected)) expect(actual[signal], signal).toBeCloseTo(value, 9);
}

describe('the metrics of', () => {
  it.each(expectedSignals.map((expected, index) => [expected.fixture, expected, index] as const))(
    '%s become the signals of the model',
    async (fixture, expected, index) => {
      const rows = await conclude(fixture, T0 + index * 20 * MINUTE);
      const valuesOf = (matches: (row: SignalRow) => boolean): Readonly<Record<string, number>> =>
        Object.fromEntries(rows.filter(matches).map(({ signal, value }) => [signal, value]));
      close(
        valuesOf(({ model, version, segment }) => model === expected.model && version === '' && segment === ''),
        expected.signals,
      );
      expect([...new Set(rows.map(({ version }) => version))].filter((version) => version !== '')).toEqual(
        expected.versions,
      );
      const segments = [...new Set(rows.map(({ segment }) => segment))].filter((segment) => segment !== '').toSorted();
      expect(segments).toEqual(Object.keys(expected.segments ?? {}).toSorted());
      for (const [part, values] of Object.entries(expected.segments ?? {})) {
        close(
          valuesOf(({ segment }) => segment === part),
          values,
        );
      }
      expect([...new Set(rows.map(({ model }) => model))]).toEqual([expected.model]);
      for (const { signal } of rows) expect(findSignal(signal), signal).toBeDefined();
    },
  );
});

describe('every adapter', () => {
  const documentation = readFileSync(new URL('../../../docs/serving-adapters.md', import.meta.url), 'utf8');
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

  it.each(servingAdapters.map((adapter) => [adapter.runtime, adapter] as const))(
    '%s has fixtures, a place in the order of runtimes and a line in the README and the documentation',
    (runtime, { title, note }) => {
      expect(expectedSignals.filter((expected) => expected.runtime === runtime).length).toBeGreaterThan(0);
      expect([...RUNTIME_ORDER, ...CLUSTER_RUNTIMES]).toContain(runtime);
      expect(documentation).toMatch(new RegExp(`^\\| ${title} +\\|`, 'm'));
      expect(documentation).toContain(note);
      expect(readme).toMatch(new RegExp(`^\\| ${title}( \\(.*\\))? +\\|`, 'm'));
    },
  );

  it('is found by its fixtures, and no fixture is left over', () => {
    const fixtures = new Set(readdirSync(FOLDER).map((file) => file.replace(/\.(before|after)\.prom$/, '')));
    expect([...fixtures].toSorted()).toEqual(expectedSignals.map(({ fixture }) => fixture).toSorted());
  });
});
