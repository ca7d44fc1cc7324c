import { describe, expect, it } from 'vitest';
import { normalPopulation, zipfPopulation } from '../bench/calibration/population.ts';
import { runQuiet } from '../bench/calibration/quiet-run.ts';
import { binomial, createUniform } from '../bench/calibration/random.ts';
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
