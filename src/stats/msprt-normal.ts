import { MSPRT_INSUFFICIENT, mixtureSprt, type Msprt, type MsprtPolicy } from './msprt.ts';

/** Size, mean and sample variance of one arm. */
export type ArmMoments = { readonly n: number; readonly mean: number; readonly variance: number };

/**
 * Computes an always-valid test and confidence sequence for the difference of two means.
 *
 * @param reference  Moments of the baseline.
 * @param current    Moments of the canary, same unit.
 * @param policy     tau2 = (the effect worth failing for)^2, and alpha.
 * @throws E_STATS_PARAMETER  when tau2 <= 0 or alpha is outside (0, 1).
 * @see R. Johari, P. Koomen, L. Pekelis and D. Walsh, Always valid inference, Operations Research 70 (2022)
 */
export function msprtNormal(reference: ArmMoments, current: ArmMoments, policy: MsprtPolicy): Msprt {
  if (reference.n <= 0 || current.n <= 0) return MSPRT_INSUFFICIENT;
  const variance = reference.variance / reference.n + current.variance / current.n;
  return mixtureSprt(current.mean - reference.mean, variance, policy);
}
