import { type DriftStatistic, requireRows, sidesSql, toSides } from './drift-statistic.ts';
import type { Outcome } from './outcome.ts';
import { chi2Upper } from './special.ts';
import { sumOver } from './sum.ts';

/** PSI with the noise expected without drift, the corrected value, its standard error under drift, and a p-value. */
export type Psi = Outcome<{ psi: number; df: number; noise: number; corrected: number; se: number; p: number }>;

/** How zero counts are treated and how much the windows vary beyond independent rows. */
export type PsiOptions = {
  /** `smooth` adds 1/2 to every live bin; `epsilon` replaces zero shares, to reproduce other tools. */
  readonly mode?: 'smooth' | 'epsilon';
  /** Share that replaces zero in `epsilon` mode. */
  readonly epsilon?: number;
  /** Overdispersion for the noise, >= 1. */
  readonly phi?: number;
};

/**
 * Computes the population stability index: PSI = sum (q - p) ln(q / p), and what of it is noise.
 *
 * Shares are smoothed: p = (r + 1/2) / (m + B/2) over the B bins that hold a row of either side. Without drift PSI / k
 * follows chi-square with B - 1 degrees of freedom, k = 1/n + 1/m, hence noise = (B - 1) phi k and
 * corrected = psi - noise (not clipped). `se` is the delta-method error under drift; near no drift it is too small.
 *
 * @param reference  Bin counts, same edges as current.
 * @returns          In nats; psi >= 0, 0 when the smoothed shares are equal.
 * @throws E_STATS_SHAPE  when lengths differ.
 * @see H. Jeffreys, An invariant form for the prior probability, Proc. R. Soc. A 186 (1946); B. Yurdakul, Statistical
 *      properties of population stability index, dissertation 3208, Western Michigan University (2018) for the null
 *      distribution; severity names at 0.02, 0.1 and 0.25 of the corrected value
 */
export function psi(reference: readonly number[], current: readonly number[], options: PsiOptions = {}): Psi {
  const sides = toSides(reference, current);
  if (sides === undefined) return NONE;
  const { m, n } = sides;
  const { p, q } = shares(sides, options);
  const terms = p.map((share, index) => {
    const other = q[index] ?? share;
    const logRatio = Math.log(other / share);
    return { share, other, logRatio, g: logRatio + 1 - share / other, h: -logRatio + 1 - other / share };
  });
  const value = sumOver(terms.length, (i) => {
    const term = terms[i];
    return term === undefined ? 0 : (term.other - term.share) * term.logRatio;
  });
  const k = 1 / n + 1 / m;
  const df = p.length - 1;
  const noise = df * (options.phi ?? 1) * k;
  const variance =
    spread(terms.map((term) => ({ weight: term.other, value: term.g }))) / n +
    spread(terms.map((term) => ({ weight: term.share, value: term.h }))) / m;
  const probability = df === 0 ? 1 : chi2Upper(value / k, df);
  return {
    status: 'ok',
    psi: value,
    df,
    noise,
    corrected: value - noise,
    se: Math.sqrt(Math.max(0, variance)),
    p: probability,
  };
}

/** PSI with smoothing, as a distance over aligned bins. */
export const psiStatistic: DriftStatistic = {
  id: 'psi',
  title: 'Population stability index',
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Jeffreys 1946 (J-divergence); smoothing and noise: Yurdakul 2018; severity 0.1 and 0.25: Siddiqi 2006',
  compute: (reference, current) => requireRows(psi(reference, current).psi),
  sql: (reference, current) =>
    sidesSql(reference, current, `arraySum((x, y) -> if(x + y > 0, ${PSI_TERM_SQL}, 0), r, c)`, {
      b: 'arrayCount((x, y) -> x + y > 0, r, c)',
    }),
};

const SMOOTHING = 0.5;
const DEFAULT_EPSILON = 1e-4;
const P_SQL = '((x + 0.5) / (m + 0.5 * b))';
const Q_SQL = '((y + 0.5) / (n + 0.5 * b))';
const PSI_TERM_SQL = `(${Q_SQL} - ${P_SQL}) * log(${Q_SQL} / ${P_SQL})`;
const NONE = {
  status: 'insufficient_data',
  psi: null,
  df: null,
  noise: null,
  corrected: null,
  se: null,
  p: null,
} as const;

function shares(
  sides: { readonly r: readonly number[]; readonly c: readonly number[]; readonly m: number; readonly n: number },
  options: PsiOptions,
): { readonly p: readonly number[]; readonly q: readonly number[] } {
  const live = sides.r.map((count, index) => ({ r: count, c: sides.c[index] ?? 0 })).filter((bin) => bin.r + bin.c > 0);
  if (options.mode === 'epsilon') {
    const epsilon = options.epsilon ?? DEFAULT_EPSILON;
    const share = (count: number, of: number): number => (count > 0 ? count / of : epsilon);
    return { p: live.map((bin) => share(bin.r, sides.m)), q: live.map((bin) => share(bin.c, sides.n)) };
  }
  const add = SMOOTHING * live.length;
  return {
    p: live.map((bin) => (bin.r + SMOOTHING) / (sides.m + add)),
    q: live.map((bin) => (bin.c + SMOOTHING) / (sides.n + add)),
  };
}

function spread(terms: readonly { readonly weight: number; readonly value: number }[]): number {
  const mean = sumOver(terms.length, (i) => (terms[i]?.weight ?? 0) * (terms[i]?.value ?? 0));
  const square = sumOver(terms.length, (i) => (terms[i]?.weight ?? 0) * (terms[i]?.value ?? 0) ** 2);
  return square - mean * mean;
}
