import { logGamma } from './special.ts';

/**
 * Computes the upper tail of the limit distribution of the Cramer-von Mises statistic.
 *
 * P(W <= x) = pi^(-3/2) x^(-1/2) sum Gamma(k + 1/2) / k! sqrt(4k + 1) exp(-q) K_(1/4)(q), q = (4k + 1)^2 / (16 x).
 *
 * @param x  At least 0.003; the tail is 1 below that.
 * @returns  Absolute error about 1e-15.
 * @see T. W. Anderson and D. A. Darling, Asymptotic theory of certain goodness of fit criteria, Ann. Math. Stat. 23
 *      (1952), equation 4.35
 */
export function cvmLimitUpper(x: number): number {
  let lower = 0;
  for (let k = 0; k < 100; k += 1) {
    const y = 4 * k + 1;
    const weight = Math.exp(logGamma(k + 0.5) - logGamma(k + 1)) * Math.sqrt(y);
    const term = weight * scaledBesselK((y * y) / (16 * x));
    lower += term;
    if (term < lower * 1e-17) break;
  }
  return Math.min(1, Math.max(0, 1 - lower / (Math.PI ** 1.5 * Math.sqrt(x))));
}

// exp(-q) K_(1/4)(q) = integral of exp(-q (1 + cosh t)) cosh(t / 4) over t >= 0; the trapezoid rule converges
// exponentially because the integrand and all its derivatives vanish at infinity.
function scaledBesselK(q: number): number {
  let total = 0.5 * Math.exp(-2 * q);
  for (let step = 1; step <= BESSEL_MAX_STEPS; step += 1) {
    const t = step * BESSEL_STEP;
    const term = Math.exp(-q * (1 + Math.cosh(t))) * Math.cosh(t / 4);
    total += term;
    if (term < total * 1e-18) break;
  }
  return total * BESSEL_STEP;
}

const BESSEL_STEP = 1 / 32;
const BESSEL_MAX_STEPS = 2000;
