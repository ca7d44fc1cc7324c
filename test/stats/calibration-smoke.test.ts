import { describe, expect, it } from 'vitest';
import { judgeBar } from '../bench/calibration/bar.ts';
import { judgeMinutes } from '../bench/calibration/minute-bar.ts';
import { normalPopulation, zipfPopulation } from '../bench/calibration/population.ts';
import { type QuietResult, runQuiet } from '../bench/calibration/quiet-run.ts';
import { binomial, createUniform } from '../bench/calibration/random.ts';
import { CASES } from '../bench/calibration/scenarios.ts';
import { runShift } from '../bench/calibration/shift-run.ts';
import { FINE_CELLS, independentRows, jitter, movingMean, type StreamFactory } from '../bench/calibration/stream.ts';

// Small fixed-seed versions of the calibration bench, so that a broken verdict is seen by the tests as well.
const PLAN = { rows: 5000, windows: 48, hours: 'all' } as const;
const HOURLY = { windowHours: 1, share: 1 } as const;

describe('calibration', () => {
  it.each([
    ['independent rows', independentRows(normalPopulation(FINE_CELLS))],
    ['windows that wobble', movingMean(jitter(0.03))],
  ] as const)('raises nothing in two days of a model without drift: %s', (name, stream) => {
    const result = runQuiet(
      { ...HOURLY, name, stream, plan: PLAN, features: 10, windows: 48, references: 1 },
      createUniform(7, name),
    );
    expect(result).toMatchObject({ windows: 48, events: 0, alarms: 0, blind: 0 });
    expect(result.naive['KS p<.05'].featureDays).toBeGreaterThan(0.4 * result.featureDays);
  });

  it.each([
    ['+.25 sd', independentRows(normalPopulation(FINE_CELLS)), { shift: 0.25, scale: 1 }],
    ['x1.2', independentRows(normalPopulation(FINE_CELLS)), { shift: 0, scale: 1.2 }],
    ['5 % of the rows in another category', independentRows(zipfPopulation(20)), { shift: 0.05, scale: 1 }],
  ] as const)('raises an alarm two hours after a shift that PSI above 0.2 never sees: %s', (name, stream, change) => {
    const result = shift(name, stream, change);
    expect(result.firstEvent).toEqual([1, 1, 1, 1]);
    expect(result.firstAlarm).toEqual([2, 2, 2, 2]);
    expect(result.naive['PSI>0.2'].every((at) => at === Number.POSITIVE_INFINITY)).toBe(true);
  });

  it('calls a shift of a tenth of a standard deviation certain but negligible', () => {
    const result = shift('+.1 sd', independentRows(normalPopulation(FINE_CELLS)), { shift: 0.1, scale: 1 });
    expect(result.negligible / result.judged).toBeGreaterThan(0.8);
    expect(result.firstAlarm.every((at) => at === Number.POSITIVE_INFINITY)).toBe(true);
    expect(Math.max(...result.firstLowFloorAlarm)).toBeLessThanOrEqual(6);
  });
});

describe('acceptance bar', () => {
  it.each([
    ['a rate that no cell shows alone but all of them together', 2, { ok: false, certain: false }],
    ['a rate that is met with all of the interval of many months', 0, { ok: true, certain: true }],
  ])('judges false alarms by all cells pooled: %s', (_, alarms, expected) => {
    const quiet = [500, 5000, 50_000].flatMap((n) =>
      [CASES.normal, CASES.poisson, CASES.cat20, CASES.cat200].map((name) => quietResult({ name, n, alarms })),
    );
    const bar = judgeBar({ quiet, shifts: [], daily: [], quietDaily: [], golden: { passed: 1, cases: 1 } });
    const clause = bar.find(({ id }) => id === '1a');
    expect(clause).toMatchObject(expected);
    expect(clause?.measured).toContain(' in 6 months; ');
  });

  it('does not call the budget of the minute detectors proven by a month without an alarm', () => {
    const calm = (months: number) =>
      judgeMinutes([{ rows: 40, months, alarms: 0, rate: { value: 0, low: 0, high: 0 }, suspects: [] }], []);
    expect(calm(1)[0]).toMatchObject({ ok: true, certain: false });
    expect(calm(40)[0]).toMatchObject({ ok: true, certain: true });
  });
});

describe('bench generators', () => {
  it.each([
    [40, 0.1],
    [500, 0.5],
    [50_000, 0.001],
    [50_000, 0.98],
  ])('draws binomial counts with the right mean and variance: n = %d, p = %d', (n, p) => {
    const uniform = createUniform(3, `${n}/${p}`);
    const draws = Array.from({ length: 20_000 }, () => binomial(uniform, n, p));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
    const expected = n * p * (1 - p);
    expect(Math.abs(mean - n * p)).toBeLessThan(4 * Math.sqrt(expected / draws.length));
    expect(variance / expected).toBeGreaterThan(0.95);
    expect(variance / expected).toBeLessThan(1.05);
  });

  it('draws the same numbers for the same seed and stream, and others otherwise', () => {
    const first = (seed: number, stream: string): number => createUniform(seed, stream)();
    expect(first(1, 'a')).toBe(first(1, 'a'));
    expect(first(1, 'a')).not.toBe(first(2, 'a'));
    expect(first(1, 'a')).not.toBe(first(1, 'b'));
  });
});

function shift(name: string, stream: StreamFactory, change: { readonly shift: number; readonly scale: number }) {
  const job = { ...HOURLY, name, stream, plan: PLAN, change: () => change, windows: 6, trials: 4, toTheEnd: true };
  return runShift(job, createUniform(7, name));
}

// Half a month of a model.
function quietResult(of: { readonly name: string; readonly n: number; readonly alarms: number }): QuietResult {
  const none = { windows: 0, featureDays: 0 };
  return {
    ...of,
    windows: 360,
    months: 0.5,
    phi: 1,
    events: of.alarms,
    blind: 0,
    mde: 0.1,
    naive: { 'PSI>0.2': none, 'PSI>0.1': none, 'JS>0.1': none, 'KS p<.05': none, 'KS BH .05': none },
    featureDays: 750,
  };
}
