import { logGamma } from './special.ts';

/**
 * Computes the probability that at least `k` of `current` values fall outside the range of `reference` values when both
 * come from one continuous distribution.
 *
 * The values below the smallest and above the largest reference value fill two of its m + 1 exchangeable gaps, so at
 * least k of n do when among the first k + 1 of all values in random order at most one is of the reference:
 * (C(n, k + 1) + m C(n, k)) / C(m + n, k + 1). Values with ties make it conservative.
 *
 * @param k          Current values outside, 0 <= k <= current.
 * @param reference  Reference values m, >= 1.
 * @param current    Current values n, >= 1.
 * @returns          p in [0, 1]; 1 for k = 0.
 * @see S. S. Wilks, Statistical prediction with special reference to the problem of tolerance limits, Ann. Math.
 *      Statist. 13 (1942)
 */
export function outsideRangeP(k: number, reference: number, current: number): number {
  if (k <= 0) return 1;
  const logTotal = logChoose(reference + current, k + 1);
  const none = k + 1 > current ? 0 : Math.exp(logChoose(current, k + 1) - logTotal);
  return Math.min(1, none + Math.exp(Math.log(reference) + logChoose(current, k) - logTotal));
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}
