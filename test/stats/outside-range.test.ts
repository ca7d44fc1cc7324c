import { describe, expect, it } from 'vitest';
import { generate } from '../../src/stats/generator.ts';
import { outsideRangeP } from '../../src/stats/outside-range.ts';

describe('values outside the range of a reference', () => {
  it.each([
    // All arrangements of 2 reference and 2 current values: 6 of them; two outside in 3, one or more in 5.
    [1, 2, 2, 5 / 6],
    [2, 2, 2, 3 / 6],
    // One reference value: everything but ties is outside.
    [3, 1, 3, 1],
    [0, 10, 10, 1],
  ])('%i of them against %i and %i values have p %f', (k, reference, current, p) => {
    expect(outsideRangeP(k, reference, current)).toBeCloseTo(p, 12);
  });

  it('agrees with how often it happens', () => {
    const rounds = 4000;
    const drawn = generate({ seed: 5, n: rounds * 60, dist: 'uniform', params: { numbers: { a: 0, b: 1 } } });
    const values = drawn.kind === 'numbers' ? drawn.values : [];
    let often = 0;
    for (let round = 0; round < rounds; round += 1) {
      const reference = values.slice(round * 60, round * 60 + 20);
      const [low, high] = [Math.min(...reference), Math.max(...reference)];
      const outside = values.slice(round * 60 + 20, round * 60 + 60).filter((value) => value < low || value > high);
      if (outside.length >= 8) often += 1;
    }
    expect(often / rounds).toBeCloseTo(outsideRangeP(8, 20, 40), 1.7);
    expect(outsideRangeP(8, 20, 40)).toBeGreaterThan(0.02);
  });

  it('stays a probability where the counts are large', () => {
    const p = outsideRangeP(2000, 1_000_000, 1_000_000);
    expect(p).toBeGreaterThanOrEqual(0);
    expect(p).toBeLessThan(1e-300);
    expect(outsideRangeP(2, 1_000_000, 1_000_000)).toBeCloseTo(0.5, 6);
  });
});
