import { sumOver } from './sum.ts';

/** Two samples on one scale: value = pivot + scale * standardised, |standardised| <= 2, so squares cannot overflow. */
export type Standardised = {
  readonly pivot: number;
  readonly scale: number;
  readonly reference: Float64Array;
  readonly current: Float64Array;
};

/** Sample size, mean, variance (divisor n - 1; 0 for one value) and kurtosis m4 / m2^2 (null without variance). */
export type Moments = {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
  readonly kurtosis: number | null;
};

/**
 * Moves two samples of finite values to a common pivot and a common power-of-two scale.
 *
 * The pivot is the first reference value and the scale 2^floor(log2 max |x - pivot|), both exact in doubles, so offsets
 * of 1e12 and values near 1e308 or 1e-300 keep their digits.
 */
export function standardise(reference: Float64Array, current: Float64Array): Standardised {
  const pivot = reference[0] ?? current[0] ?? 0;
  let widestHalf = 0;
  for (const value of reference) widestHalf = Math.max(widestHalf, Math.abs(value / 2 - pivot / 2));
  for (const value of current) widestHalf = Math.max(widestHalf, Math.abs(value / 2 - pivot / 2));
  let scale = powerOfTwoBelow(widestHalf * 2 === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : widestHalf * 2);
  if (widestHalf === 0) {
    // Halving loses the last bit of subnormal numbers, where the plain difference cannot overflow.
    let widest = 0;
    for (const value of reference) widest = Math.max(widest, Math.abs(value - pivot));
    for (const value of current) widest = Math.max(widest, Math.abs(value - pivot));
    scale = powerOfTwoBelow(widest);
  }
  const onScale = (value: number): number => {
    const plain = value - pivot;
    return Number.isFinite(plain) ? plain / scale : (value / 2 - pivot / 2) / (scale / 2);
  };
  return { pivot, scale, reference: reference.map(onScale), current: current.map(onScale) };
}

/** Computes size, mean, sample variance and kurtosis of standardised values in two compensated passes. */
export function moments(values: Float64Array): Moments {
  const n = values.length;
  if (n === 0) return { n, mean: 0, variance: 0, kurtosis: null };
  const at = (index: number): number => values[index] ?? 0;
  const mean = sumOver(n, at) / n;
  const residual = sumOver(n, (i) => at(i) - mean);
  const squares = Math.max(0, sumOver(n, (i) => (at(i) - mean) ** 2) - (residual * residual) / n);
  const fourth = sumOver(n, (i) => (at(i) - mean) ** 4) / n;
  const second = squares / n;
  const constant = values.every((value) => value === values[0]);
  if (constant) return { n, mean: at(0), variance: 0, kurtosis: null };
  const kurtosis = second * second > 0 ? fourth / (second * second) : null;
  return { n, mean, variance: n > 1 ? squares / (n - 1) : 0, kurtosis };
}

/** Returns pivot + scale * mean without an overflow in between. */
export function restoreMean(from: Standardised, mean: number): number {
  const plain = from.pivot + from.scale * mean;
  return Number.isFinite(plain) ? plain : 2 * (from.pivot / 2 + (from.scale / 2) * mean);
}

/** Returns the largest power of two that is at most `value`; 1 for 0. */
export function powerOfTwoBelow(value: number): number {
  if (value === 0) return 1;
  const exponent = Math.floor(Math.log2(value));
  const power = 2 ** Math.min(1023, exponent);
  return power > value && power > Number.MIN_VALUE ? power / 2 : power;
}
