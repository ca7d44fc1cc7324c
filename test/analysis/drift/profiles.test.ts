import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureReport } from '../../../src/analysis/drift/report.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { compareFiles, featureOf, writeFile } from './support/compare-files.ts';
import type { ProfileId } from '../../../src/analysis/drift/profiles/profile.ts';

// Inputs and numbers: produced by the unmodified code of each tool (numpy 1.24.2, scipy 1.10.1, pandas 1.5.3).
const range = (n: number, f: (k: number) => number): number[] => Array.from({ length: n }, (_, k) => f(k));
const repeat = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).flatMap(([name, n]) => Array.from({ length: n }, () => name));
const INPUTS = {
  A: { reference: range(1000, (k) => k / 1000), current: range(1000, (k) => (k / 1000) ** 1.2) },
  B: { reference: range(2000, (k) => k / 2000), current: range(500, (k) => (k / 500) ** 0.9) },
  C: { reference: range(1000, (k) => k % 7), current: range(700, (k) => (k * k) % 7) },
  D: { reference: repeat({ a: 500, b: 300, c: 200 }), current: repeat({ a: 250, b: 180, c: 60, d: 10 }) },
  DwithoutD: { reference: repeat({ a: 500, b: 300, c: 200 }), current: repeat({ a: 250, b: 180, c: 70 }) },
};
type Input = keyof typeof INPUTS;

let engine: TestStore;

beforeAll(async () => {
  engine = await startTestStore({ migrated: false });
});

afterAll(async () => {
  await engine.stop();
});

async function judge(profile: ProfileId, input: Input): Promise<FeatureReport> {
  const lines = (values: readonly (number | string)[]): string[] => values.map((x) => JSON.stringify({ x }));
  const { report } = await compareFiles(
    engine.store,
    {
      reference: writeFile('r.ndjson', lines(INPUTS[input].reference)),
      current: writeFile('c.ndjson', lines(INPUTS[input].current)),
    },
    { profile, overrides: { categorical: [], numeric: ['x'] } },
  );
  return featureOf(report, 'x');
}

describe('the evidently profile', () => {
  it.each([
    [
      'A',
      {
        psi: 0.02922907134,
        js_distance: 0.06031324223,
        hellinger: 0.06037905665,
        wasserstein_scaled: 0.1574589443,
        ks_p: 0.02243865945,
        ks: 0.067,
      },
      0.01410098552,
    ],
    [
      'B',
      {
        psi: 0.01005813172,
        js_distance: 0.03542331998,
        hellinger: 0.03544060888,
        wasserstein_scaled: 0.08859673798,
        ks_p: 0.5690136444,
        ks: 0.039,
      },
      0.005155457818,
    ],
    [
      'C',
      {
        psi: 3.402766727,
        js_distance: 0.4297134359,
        hellinger: 0.4023796317,
        wasserstein_scaled: 0.4989553634,
        ks_p: 5.059328457e-30,
        ks: 0.2852857143,
      },
      2.812118955,
    ],
    ['D', { psi: 0.1572418589, js_distance: 0.1155440326, hellinger: 0.1282463709 }, 0.04683413756],
  ] as const)('reproduces the golden values of input %s', async (input, statistics, kl) => {
    const found = await judge('evidently', input);
    for (const [name, value] of Object.entries(statistics)) {
      expect([name, Object.entries(found.statistics).find(([key]) => key === name)?.[1]]).toEqual([
        name,
        expect.closeTo(value, 9),
      ]);
    }
    expect(found.evidence.details['kl_div']).toBeCloseTo(kl, 9);
  });

  it('gives p = 0 for one unseen category and its chi-square p without it', async () => {
    const withUnseen = await judge('evidently', 'D');
    const without = await judge('evidently', 'DwithoutD');
    expect(withUnseen.evidence.details['chi2_p']).toBe(0);
    expect(withUnseen.level).toBe('moderate');
    expect(without.evidence.details['chi2_p']).toBeCloseTo(0.0005530843701, 12);
  });
});

describe('the nannyml profile', () => {
  it.each([
    ['A', 0.07278083703, 0.06066116102, 0.04545445922],
    ['B', 0.04159707974, 0.03464692055, 0.02557567206],
    ['C', 0.5161384372, 0.500676492, 0.9972857143],
  ] as const)(
    'reproduces Jensen-Shannon, Hellinger and Wasserstein of input %s',
    async (input, js, hellinger, wasserstein) => {
      const { statistics } = await judge('nannyml', input);
      expect(statistics.js_distance).toBeCloseTo(js, 9);
      expect(statistics.hellinger).toBeCloseTo(hellinger, 9);
      expect(statistics.wasserstein).toBeCloseTo(wasserstein, 9);
    },
  );

  it('reproduces the distances and the chi-square of input D', async () => {
    const { statistics, level } = await judge('nannyml', 'D');
    expect(statistics.js_distance).toBeCloseTo(0.1387825268, 9);
    expect(statistics.hellinger).toBeCloseTo(0.1282463709, 9);
    expect(statistics.linf).toBeCloseTo(0.08, 12);
    expect(statistics.chi2).toBeCloseTo(36.05769231, 7);
    expect(statistics.chi2_p).toBeCloseTo(7.280979778e-8, 15);
    expect(level).toBe('insufficient_data');
  });
});

describe('the other profiles on input D', () => {
  it('give the PSI of Scouter, WhyLabs and Deepchecks, which differ by a factor of six', async () => {
    expect((await judge('scouter', 'D')).statistics.psi).toBeCloseTo(0.05180534328, 9);
    expect((await judge('whylabs', 'D')).statistics.psi).toBeCloseTo(0.2959255756, 9);
    const deep = await judge('deepchecks', 'D');
    expect(deep.statistics.psi).toBeCloseTo(0.05873681511, 9);
    expect(deep.statistics.cramers_v).toBeCloseTo(0.1405134638, 9);
  });
});

describe('the deepchecks profile', () => {
  it.each([
    ['A', 0.04947793513],
    ['B', 0.02821653081],
    ['C', 0.1662142857],
  ] as const)('reproduces the trimmed earth mover distance of input %s', async (input, distance) => {
    const found = await judge('deepchecks', input);
    expect(found.evidence.details['earth_movers_distance']).toBeCloseTo(distance, 9);
  });
});
