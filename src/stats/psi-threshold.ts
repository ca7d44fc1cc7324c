import { chi2Quantile } from './special.ts';

/**
 * Computes mean, standard deviation and upper quantile of PSI when nothing drifts and rows are independent.
 *
 * PSI / k follows chi-square with B - 1 degrees of freedom, k = 1/n + 1/m.
 *
 * @param input.alpha  Chance of exceeding the threshold without drift, 0 < alpha < 1.
 * @see B. Yurdakul, Statistical properties of population stability index, dissertation 3208 (2018)
 */
export function psiThreshold(input: {
  readonly n: number;
  readonly m: number;
  readonly bins: number;
  readonly alpha: number;
}): { readonly mean: number; readonly sd: number; readonly threshold: number } {
  const k = 1 / input.n + 1 / input.m;
  const df = input.bins - 1;
  if (df <= 0) return { mean: 0, sd: 0, threshold: 0 };
  return { mean: df * k, sd: Math.sqrt(2 * df) * k, threshold: chi2Quantile(1 - input.alpha, df) * k };
}
