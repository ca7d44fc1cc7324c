import { finiteOrNull } from './scale.ts';

/**
 * Computes the mean number of in-control points between false alarms of a one-sided CUSUM (Siegmund's approximation).
 *
 * ARL0 = (e^(2kb) - 2kb - 1) / (2 k^2) with b = h + 1.166; k = 0.5 and h = 5 give 938. A two-sided chart has half of it.
 *
 * @param k  Allowance in sd, >= 0.
 * @param h  Decision interval in sd, >= 0.
 * @returns  Points; null when it does not fit a double.
 * @see D. Siegmund, Sequential analysis: tests and confidence intervals, Springer 1985, chapter 2
 */
export function cusumArl(k: number, h: number): number | null {
  const b = h + 1.166;
  const x = 2 * k * b;
  if (Math.abs(x) < 1e-5) return finiteOrNull(b * b * (1 + x / 3));
  return finiteOrNull((Math.expm1(x) - x) / (2 * k * k));
}
