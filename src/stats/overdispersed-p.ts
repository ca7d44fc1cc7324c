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
 * the chi-square tail. Relative error below 1e-11 by Gauss-Legendre panels of an angle, as narrow as the integrand needs.
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
  const part = (angle: number): number => {
    const cosine = Math.cos(angle);
    const tail = chi2Upper(x2 * cosine * cosine, df - 1);
    return tail === 0 ? 0 : density(limit * Math.sin(angle)) * tail * limit * cosine;
  };
  // Both factors vary on the scale 1 / sqrt(x2) or slower. The chi-square tail falls towards angle 0, and what is left
  // of the integral below an angle is at most that tail: the walk stops where it cannot matter any more.
  const width = Math.min(WIDEST_PANEL, PANEL_SCALES / Math.sqrt(x2));
  let total = outer;
  for (let high = Math.PI / 2; high > 0; high -= width) {
    const cosine = Math.cos(high);
    if (chi2Upper(x2 * cosine * cosine, df - 1) <= NEGLIGIBLE * total) break;
    total += 2 * panel(Math.max(0, high - width), high, part);
  }
  return Math.min(1, total);
}

const RULE = gaussLegendre(20);
const WIDEST_PANEL = Math.PI / 4;
const PANEL_SCALES = 3;
const NEGLIGIBLE = 1e-17;

function panel(low: number, high: number, f: (x: number) => number): number {
  const half = (high - low) / 2;
  let total = 0;
  for (const { node, weight } of RULE) total += weight * f(low + half * (1 + node));
  return total * half;
}
