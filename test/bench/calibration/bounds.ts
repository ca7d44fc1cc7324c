import { betaI, chi2Quantile } from '../../../src/stats/special.ts';

/** An estimate with its exact 95 % interval. */
export type Estimate = { readonly value: number; readonly low: number; readonly high: number };

/** Computes a rate of rare events from a count over an exposure, with the exact Poisson interval. */
export function poissonRate(count: number, exposure: number): Estimate {
  const low = count === 0 ? 0 : chi2Quantile(TAIL, 2 * count) / 2;
  const high = chi2Quantile(1 - TAIL, 2 * count + 2) / 2;
  return { value: count / exposure, low: low / exposure, high: high / exposure };
}

/**
 * Computes a share with the exact binomial interval.
 *
 * @see C. Clopper and E. Pearson, The use of confidence or fiducial limits, Biometrika 26 (1934)
 */
export function proportion(hits: number, trials: number): Estimate {
  const low = hits === 0 ? 0 : solve((share) => betaI(share, hits, trials - hits + 1) - TAIL);
  const high = hits === trials ? 1 : solve((share) => betaI(share, hits + 1, trials - hits) - (1 - TAIL));
  return { value: hits / trials, low, high };
}

/** Returns the median; Infinity when half the values or more are. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[sorted.length / 2 - 1] ?? upper) + upper) / 2;
}

const TAIL = 0.025;

function solve(rising: (share: number) => number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
