import { powerOfTwoBelow } from './moments.ts';
import { sumOver } from './sum.ts';

/** Values divided by a power of two, which is exact, so that their sums and squares fit a double. */
export type Scaled = { readonly scaled: Float64Array; readonly scale: number };

/** Returns finite values divided by the largest power of two that is at most the largest magnitude. */
export function scaleDown(values: readonly number[]): Scaled {
  const scale = powerOfTwoBelow(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  return { scaled: Float64Array.from(values, (value) => value / scale), scale };
}

/** Computes the mean of finite numbers without overflow; null for an empty list. */
export function finiteMean(values: readonly number[]): number | null {
  const { scaled, scale } = scaleDown(values);
  return scaled.length === 0 ? null : (sumOver(scaled.length, (i) => scaled[i] ?? 0) / scaled.length) * scale;
}

/** Returns the value when it fits a double, else null. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Returns the value limited to the range of doubles, for sums that may only saturate. */
export function saturate(value: number): number {
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, value));
}
