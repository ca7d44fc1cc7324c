import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driftFromStore } from '../../../src/analysis/drift/drift-from-store.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { featureOf, windowOf } from './support/compare-files.ts';
import { categories, normals } from './support/samples.ts';

const START = Date.parse('2026-05-01T00:00:00Z');
const DAY = 86_400_000;
const PER_DAY = 300;

let engine: TestStore;

beforeAll(async () => {
  engine = await startTestStore();
  await engine.store.insert('predictions', predictions(0, 10, 0));
  await engine.store.insert('predictions', predictions(10, 12, 0.8));
});

afterAll(async () => {
  await engine.stop();
});

function predictions(fromDay: number, toDay: number, shift: number) {
  const n = (toDay - fromDay) * PER_DAY;
  const values = normals(fromDay + 1, n);
  const names = categories(fromDay + 2, n, { a: 5, b: 3 });
  return values.map((x, i) => ({
    prediction_id: `p-${fromDay}-${i}`,
    ts: new Date(START + fromDay * DAY + ((i + 0.5) / PER_DAY) * DAY).toISOString(),
    model: i % 100 === 99 ? 'other' : 'm',
    version: i % 2 === 0 ? '1' : '2',
    numbers: i % 10 === 0 ? {} : { x: x + shift },
    categories: { c: names[i] ?? 'a' },
    missing: i % 10 === 0 ? ['x'] : [],
    prediction_number: x > 0 ? 1 : 0,
    score: 1 / (1 + Math.exp(-x - shift)),
    status: i % 50 === 0 ? 'error' : 'ok',
    segments: { region: i % 3 === 0 ? 'north' : 'south' },
  }));
}

const days = (from: number, to: number, version?: string) => ({
  fromMs: START + from * DAY,
  toMs: START + to * DAY,
  ...(version === undefined ? {} : { version }),
});

describe('driftFromStore', () => {
  it('compares two ranges of one model by day', async () => {
    const report = await driftFromStore({
      store: engine.store,
      model: 'm',
      reference: days(0, 8),
      current: days(8, 12),
      window: 'day',
    });
    expect(report.reference.rows).toBe(2376);
    expect(report.windows.map((window) => [window.window, window.rows, window.drifted])).toEqual([
      ['2026-05-09', 297, []],
      ['2026-05-10', 297, []],
      ['2026-05-11', 297, ['x', 'score']],
      ['2026-05-12', 297, ['x', 'score']],
    ]);
    expect(featureOf(report, 'x').missing_current).toBeCloseTo(30 / 297, 12);
    expect(featureOf(report, 'c').kind).toBe('categorical');
    expect(windowOf(report, 0).prediction).toMatchObject({ feature: 'score', missing_current: 0 });
  });

  it('compares one version with another in the same time', async () => {
    const report = await driftFromStore({
      store: engine.store,
      model: 'm',
      reference: days(0, 10, '1'),
      current: days(0, 10, '2'),
      profile: 'textbook',
      segment: 'region',
    });
    expect([report.reference.rows, windowOf(report, 0).rows]).toEqual([1500, 1470]);
    expect(windowOf(report, 0).level).toBe('stable');
    expect(windowOf(report, 0).segments?.map((segment) => segment.segment)).toEqual(['south', 'north']);
  });

  it('leaves no table behind, also when a range is empty', async () => {
    await expect(
      driftFromStore({ store: engine.store, model: 'm', reference: days(0, 1), current: days(50, 51) }),
    ).rejects.toThrow(/no predictions of m/);
    const tables = await engine.store.rows({
      name: 'tables',
      sql: "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'drift_rows')",
    });
    expect(tables).toEqual([]);
  });
});
