import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DriftReport } from '../../../src/analysis/drift/report.ts';
import { ksNoise } from '../../../src/stats/ks-critical.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { compareFiles, featureOf, windowOf, writeFile } from './support/compare-files.ts';
import { categories, normals } from './support/samples.ts';

let engine: TestStore;

beforeAll(async () => {
  engine = await startTestStore({ migrated: false });
});

afterAll(async () => {
  await engine.stop();
});

type Fields = Readonly<Record<string, readonly unknown[]>>;
const DAY = 86_400_000;
const START = Date.parse('2026-03-01T00:00:00Z');

/** Writes rows of parallel columns; with `days`, spread evenly over that many days from `fromDay`. */
function rows(fields: Fields, time?: { readonly fromDay: number; readonly days: number }): string {
  const n = Object.values(fields)[0]?.length ?? 0;
  const lines = Array.from({ length: n }, (_, i) => {
    const features = Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, values[i]]));
    const ts =
      time === undefined ? undefined : new Date(START + time.fromDay * DAY + (i / n) * time.days * DAY).toISOString();
    return JSON.stringify({ ts, features });
  });
  return writeFile('rows.ndjson', lines);
}

async function judge(reference: string, current: string, window: 'all' | 'day' = 'all'): Promise<DriftReport> {
  return (await compareFiles(engine.store, { reference, current }, { window })).report;
}

describe('the robust profile', () => {
  it('is quiet about noise that the textbook bins would show, and takes the noise off', async () => {
    const report = await judge(
      rows({ x: normals(1, 5000), y: normals(2, 5000) }),
      rows({ x: normals(3, 200), y: normals(4, 200) }),
    );
    const { statistics, level } = featureOf(report, 'x');
    expect(level).toBe('stable');
    expect(statistics.psi_noise).toBeCloseTo((statistics.chi2_df ?? 0) * (1 / 200 + 1 / 5000), 12);
    expect(statistics.psi_corrected).toBeCloseTo((statistics.psi ?? 0) - (statistics.psi_noise ?? 0), 12);
    expect(statistics.ks_corrected).toBeCloseTo((statistics.ks ?? 0) - ksNoise({ n: 200, m: 5000, phi: 1 }), 12);
    expect(windowOf(report, 0)).toMatchObject({ level: 'stable', drifted: [] });
  });

  it.each([
    [0.09, 'negligible'],
    [0.2, 'minor'],
    [0.35, 'moderate'],
    [0.8, 'major'],
  ] as const)('calls a shift of %s standard deviations %s', async (shift, level) => {
    const current = normals(6, 20_000).map((x) => x + shift);
    const report = await judge(rows({ x: normals(5, 20_000) }), rows({ x: current }));
    expect(featureOf(report, 'x').level).toBe(level);
  });

  it('says that rows are taken as independent when the reference has no time', async () => {
    const report = await judge(rows({ x: normals(1, 500) }), rows({ x: normals(2, 500) }));
    expect(featureOf(report, 'x').statistics.phi).toBe(1);
    expect(featureOf(report, 'x').reason).toContain('no time windows');
  });

  it('learns from the reference how much its days differ, and then needs more to speak', async () => {
    const wobble = (seed: number, days: number): number[] =>
      normals(seed, days).flatMap((mean, day) => normals(seed * 100 + day, 400).map((x) => x + 0.4 * mean));
    const reference = rows({ x: wobble(7, 28) }, { fromDay: 0, days: 28 });
    const steady = rows({ x: normals(8, 11_200) }, { fromDay: 0, days: 28 });
    const current = rows({ x: normals(9, 400).map((x) => x + 0.3) }, { fromDay: 40, days: 0.9 });
    const wobbling = featureOf(await judge(reference, current, 'day'), 'x');
    const calm = featureOf(await judge(steady, current, 'day'), 'x');
    expect(wobbling.statistics.phi).toBeGreaterThan(3);
    expect(wobbling.statistics.mde).toBeGreaterThan(calm.statistics.mde ?? Number.POSITIVE_INFINITY);
    expect(wobbling.level).toBe('stable');
    expect(calm.level).not.toBe('stable');
  });

  it('controls false discoveries over the features and not over the prediction', async () => {
    const features = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`f${i}`, normals(30 + i, 2000)]));
    const moved = { ...features, f0: normals(60, 2000).map((x) => x + 0.5) };
    const report = await judge(rows(features), rows(moved));
    const p = featureOf(report, 'f0').statistics;
    expect(p.p_adjusted).toBeCloseTo(12 * (p.chi2_p ?? 0), 15);
    expect(windowOf(report, 0).drifted).toEqual(['f0']);
  });

  it('pools rare categories, names the unseen ones and does not cry over a single new value', async () => {
    const weights = { web: 60, app: 30, shop: 9, fax: 0.5 };
    const reference = rows({ c: categories(1, 4000, weights) });
    const one = categories(2, 2000, weights);
    one[0] = 'never-seen';
    const quiet = featureOf(await judge(reference, rows({ c: one })), 'c');
    expect(quiet).toMatchObject({ level: 'stable', kind: 'categorical', unseen: 1 / 2000 });
    const loud = featureOf(await judge(reference, rows({ c: categories(3, 2000, { ...weights, kiosk: 12 }) })), 'c');
    expect(loud.level).toBe('moderate');
    expect(loud.reason).toContain('kiosk');
  });

  it('speaks when values go missing, even when all of them do', async () => {
    const reference = rows({ x: normals(1, 2000) });
    const some = normals(2, 2000).map((x, i) => (i % 12 === 0 ? null : x));
    expect(featureOf(await judge(reference, rows({ x: some })), 'x')).toMatchObject({
      level: 'moderate',
      missing_current: 167 / 2000,
    });
    const gone = featureOf(await judge(reference, rows({ x: some.map(() => null) })), 'x');
    expect(gone).toMatchObject({ level: 'major', n_current: 0 });
    expect(gone.reason).toContain('Missing values went from 0 % to 100 %');
  });

  it('speaks when a feature that was constant starts to vary', async () => {
    const report = await judge(rows({ x: normals(1, 2000).map(() => 0.0035) }), rows({ x: normals(2, 2000) }));
    expect(featureOf(report, 'x').level).toBe('major');
    expect(featureOf(report, 'x').reason).toContain("outside the reference's range");
  });

  it('gives no verdict below 100 rows and keeps the numbers', async () => {
    const report = await judge(rows({ x: normals(1, 2000) }), rows({ x: normals(2, 60).map((x) => x + 3) }));
    const feature = featureOf(report, 'x');
    expect(feature.level).toBe('insufficient_data');
    expect(feature.reason).toContain('Too few rows');
    expect(feature.statistics.ks).toBeGreaterThan(0.5);
  });

  it('does not compare identifiers category by category', async () => {
    const ids = Array.from({ length: 12_000 }, (_, i) => `user-${i}`);
    const report = await judge(
      rows({ id: ids, x: normals(1, 12_000) }),
      rows({ id: ids.map((id) => `${id}-b`), x: normals(2, 12_000) }),
    );
    expect(featureOf(report, 'id')).toMatchObject({ level: 'insufficient_data', kind: 'categorical' });
    expect(featureOf(report, 'id').reason).toContain('identifier');
  });

  it('is not blinded by one outlier', async () => {
    const reference = [...normals(1, 5000), 1e6];
    const report = await judge(rows({ x: reference }), rows({ x: normals(2, 5000).map((x) => x + 1) }));
    expect(featureOf(report, 'x').level).toBe('major');
    expect(featureOf(report, 'x').statistics.psi).toBeGreaterThan(0.8);
  });

  it('shows beside what the other profiles say', async () => {
    const files = {
      reference: rows({ x: [...normals(1, 3000), 1e6] }),
      current: rows({ x: normals(2, 3000).map((x) => x + 1) }),
    };
    const { report } = await compareFiles(engine.store, files, { beside: ['textbook', 'evidently', 'whylabs'] });
    const others = windowOf(report, 0).other_profiles ?? [];
    expect(others.map((other) => [other.profile, other.level])).toEqual([
      ['textbook', 'major'],
      ['evidently', 'stable'],
      ['whylabs', 'stable'],
    ]);
  });
});
