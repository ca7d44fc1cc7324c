/**
 * Computes the critical value of the two-sample Kolmogorov-Smirnov distance, and the noise it has without drift.
 *
 * D_alpha = sqrt(-ln(alpha / 2) / 2) sqrt((n + m) / (n m)). At production volumes it flags shifts of 0.02 standard
 * deviations, so D is used as an effect size and not compared with this.
 *
 * @see N. Smirnov, Table for estimating the goodness of fit of empirical distributions, Ann. Math. Stat. 19 (1948)
 */
export function ksCritical(input: { readonly n: number; readonly m: number; readonly alpha: number }): number {
  return Math.sqrt(-0.5 * Math.log(input.alpha / 2)) * Math.sqrt(1 / input.n + 1 / input.m);
}

/**
 * Computes the Kolmogorov-Smirnov distance that is expected without drift: sqrt(pi/2) ln 2 sqrt(phi (1/n + 1/m)).
 *
 * @param input.phi  Overdispersion between windows, >= 1.
 */
export function ksNoise(input: { readonly n: number; readonly m: number; readonly phi: number }): number {
  return KOLMOGOROV_MEAN * Math.sqrt(input.phi * (1 / input.n + 1 / input.m));
}

const KOLMOGOROV_MEAN = 0.8687311606361592;
