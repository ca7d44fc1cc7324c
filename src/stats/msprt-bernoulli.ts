import { MSPRT_INSUFFICIENT, mixtureSprt, type Msprt, type MsprtPolicy } from './msprt.ts';
import type { Events } from './two-proportion.ts';

/**
 * Computes an always-valid test and confidence sequence for the difference of two proportions, with pooled variance.
 *
 * @param reference  Events and trials of the baseline.
 * @param current    Events and trials of the canary.
 * @param policy     tau2 = (the difference of rates worth failing for)^2, and alpha.
 * @returns          Degenerate with p 1 when the pooled proportion is 0 or 1.
 * @throws E_STATS_PARAMETER  when tau2 <= 0 or alpha is outside (0, 1).
 * @see R. Johari, P. Koomen, L. Pekelis and D. Walsh, Always valid inference, Operations Research 70 (2022)
 */
export function msprtBernoulli(reference: Events, current: Events, policy: MsprtPolicy): Msprt {
  if (reference.n <= 0 || current.n <= 0) return MSPRT_INSUFFICIENT;
  const pooled = (reference.k + current.k) / (reference.n + current.n);
  const variance = pooled * (1 - pooled) * (1 / reference.n + 1 / current.n);
  return mixtureSprt(current.k / current.n - reference.k / reference.n, variance, policy);
}
