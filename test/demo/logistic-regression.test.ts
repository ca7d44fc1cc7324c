import { describe, expect, it } from 'vitest';
import { fitLogistic, logistic } from '../../src/demo/logistic-regression.ts';

describe('fitLogistic', () => {
  it('finds the log-odds of each group when there is one yes-or-no input', () => {
    // 30 of 100 without the input, 80 of 100 with it: the closed form is known.
    const inputs: number[] = [];
    const labels: number[] = [];
    for (const [flag, positives] of [
      [0, 30],
      [1, 80],
    ] as const) {
      for (let i = 0; i < 100; i += 1) {
        inputs.push(1, flag);
        labels.push(i < positives ? 1 : 0);
      }
    }
    const { weights } = fitLogistic({ inputs: Float64Array.from(inputs), width: 2, labels: Uint8Array.from(labels) });
    expect(weights[0]).toBeCloseTo(Math.log(0.3 / 0.7), 4);
    expect((weights[0] ?? 0) + (weights[1] ?? 0)).toBeCloseTo(Math.log(0.8 / 0.2), 4);
  });

  it('ends where no input explains what is left', () => {
    const rows = 500;
    const width = 3;
    const inputs = new Float64Array(rows * width);
    const labels = new Uint8Array(rows);
    for (let row = 0; row < rows; row += 1) {
      inputs.set([1, Math.sin(row), Math.cos(row * 0.7)], row * width);
      labels[row] = (row * 7919) % 10 < 3 + 3 * Math.sin(row) ? 1 : 0;
    }
    const { weights } = fitLogistic({ inputs, width, labels });
    for (let input = 0; input < width; input += 1) {
      let left = 0;
      for (let row = 0; row < rows; row += 1) {
        const logOdds = [0, 1, 2].reduce((sum, i) => sum + (inputs[row * width + i] ?? 0) * (weights[i] ?? 0), 0);
        left += (inputs[row * width + input] ?? 0) * ((labels[row] ?? 0) - logistic(logOdds));
      }
      expect(Math.abs(left)).toBeLessThan(0.01);
    }
  });

  it('splits the weight between two equal inputs instead of failing', () => {
    const inputs = Float64Array.from([1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    const labels = Uint8Array.from([0, 1, 1, 1, 0, 0]);
    const { weights } = fitLogistic({ inputs, width: 3, labels });
    expect([...weights].every(Number.isFinite)).toBe(true);
    expect(weights[1]).toBeCloseTo(weights[2] ?? Number.NaN, 6);
  });

  it('refuses no rows, and inputs that are no matrix', () => {
    expect(() => fitLogistic({ inputs: new Float64Array(0), width: 2, labels: new Uint8Array(0) })).toThrow(
      'needs rows',
    );
    expect(() => fitLogistic({ inputs: new Float64Array(3), width: 2, labels: new Uint8Array(2) })).toThrow(
      'one row for each',
    );
  });
});
