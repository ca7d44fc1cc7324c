import { gaussLegendre } from './gauss-legendre.ts';
import { chi2Upper, studentDensity, studentTwoSided } from './special.ts';

/** A homogeneity statistic with its degrees of freedom, the overdispersion and how well that is known. */
export type OverdispersedInput = {
  readonly x2: number;
  readonly df: number;
  /** >= 1. */
  readonly phi: number;
  /** Degrees of freedom of phi; Infinity when phi is known. */
  readonly v: number;
};

/**
 * Computes the p-value of a homogeneity statistic when windows vary more than independent rows.
 *
 * Assumes the worst case, all extra variance in one direction, and admits that phi is estimated:
 * p = P(lambda T_v^2 + chi2_(df-1) > X2), lambda = 1 + df (phi - 1), T_v Student. With phi = 1 and v = Infinity this is
 * the chi-square tail. Relative error about 1e-12 by Gauss-Legendre panels of an angle.
 *
 * @returns  p in [0, 1]; 1 when df is 0.
 * @see J. N. K. Rao and A. J. Scott, On chi-squared tests for multiway contingency tables, Ann. Stat. 12 (1984), for
 *      why the eigenvalues of the design matter
 */
export function overdispersedP(input: OverdispersedInput): number {
  const { x2, df, phi, v } = input;
  if (df <= 0 || x2 <= 0) return 1;
  if (phi === 1 && v === Number.POSITIVE_INFINITY) return chi2Upper(x2, df);
  const lambda = 1 + df * (phi - 1);
  const limit = Math.sqrt(x2 / lambda);
  const outer = studentTwoSided(limit, v);
  if (df === 1) return outer;
  const density = studentDensity(v);
  const inner = integrate(panels(x2, df), (angle) => {
    const cosine = Math.cos(angle);
    const tail = chi2Upper(x2 * cosine * cosine, df - 1);
    return tail === 0 ? 0 : density(limit * Math.sin(angle)) * tail * limit * cosine;
  });
  return Math.min(1, outer + 2 * inner);
}

const RULE = gaussLegendre(20);
const BREAKS = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.1, 1.25, 1.4, Math.PI / 2] as const;
const AROUND = [-0.2, -0.1, -0.05, -0.02, 0, 0.02, 0.05] as const;

// Extra breaks where the chi-square tail turns from 0 to 1.
function panels(x2: number, df: number): readonly number[] {
  const turn = Math.acos(Math.sqrt(Math.min(1, df / x2)));
  const extra = AROUND.map((offset) => turn + offset).filter((angle) => angle > 0 && angle < Math.PI / 2);
  return [...BREAKS, ...extra].sort((a, b) => a - b);
}

function integrate(breaks: readonly number[], f: (x: number) => number): number {
  let total = 0;
  for (let panel = 0; panel + 1 < breaks.length; panel += 1) {
    const low = breaks[panel] ?? 0;
    const high = breaks[panel + 1] ?? low;
    const half = (high - low) / 2;
    if (half <= 0) continue;
    for (const { node, weight } of RULE) total += weight * half * f(low + half * (1 + node));
  }
  return total;
}
