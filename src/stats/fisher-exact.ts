import { logGamma } from './special.ts';
import { sumOver } from './sum.ts';

/**
 * Computes the two-sided p-value of Fisher's exact test for two proportions.
 *
 * Sums the hypergeometric probabilities that do not exceed the observed one (relative slack 1e-7 for ties).
 *
 * @param first   Events and trials, 0 <= k <= n.
 * @param second  Events and trials of the other side.
 * @returns       p in (0, 1].
 * @see R. A. Fisher, The logic of inductive inference, J. R. Stat. Soc. 98 (1935)
 */
export function fisherExact(
  first: { readonly k: number; readonly n: number },
  second: { readonly k: number; readonly n: number },
): number {
  const events = first.k + second.k;
  const low = Math.max(0, events - second.n);
  const high = Math.min(events, first.n);
  const logTotal = logChoose(first.n + second.n, events);
  const probability = (k: number): number =>
    Math.exp(logChoose(first.n, k) + logChoose(second.n, events - k) - logTotal);
  const limit = probability(first.k) * (1 + 1e-7);
  const p = sumOver(high - low + 1, (offset) => {
    const candidate = probability(low + offset);
    return candidate <= limit ? candidate : 0;
  });
  return Math.min(1, p);
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}
