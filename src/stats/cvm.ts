import { type Sample, sortFinite } from './clean.ts';
import { cvmLimitUpper } from './cvm-p-value.ts';
import type { Outcome } from './outcome.ts';
import { walkPooled } from './pooled-walk.ts';

/** Two-sample Cramer-von Mises statistics and the asymptotic p-value. */
export type Cvm = Outcome<{ u: number; t: number; pAsymp: number }>;

/**
 * Computes the two-sample Cramer-von Mises statistic with midranks.
 *
 * U = m sum (r_i - i)^2 + n sum (s_j - j)^2; T = U / (m n (m + n)) - (4 m n - 1) / (6 (m + n)). A diagnostic: it adds
 * nothing to chi-square and the Kolmogorov-Smirnov distance.
 *
 * @returns  pAsymp loses its digits below 1e-12.
 * @see T. W. Anderson, On the distribution of the two-sample Cramer-von Mises criterion, Ann. Math. Stat. 33 (1962)
 */
export function cvm(reference: Sample, current: Sample): Cvm {
  const first = sortFinite(reference);
  const second = sortFinite(current);
  const m = first.length;
  const n = second.length;
  if (m === 0 || n === 0) return { status: 'insufficient_data', u: null, t: null, pAsymp: null };
  let forFirst = 0;
  let forSecond = 0;
  walkPooled(first, second, (_value, at) => {
    const rank = at.belowFirst + at.belowSecond + (at.atFirst + at.atSecond + 1) / 2;
    for (let i = 1; i <= at.atFirst; i += 1) forFirst += (rank - at.belowFirst - i) ** 2;
    for (let j = 1; j <= at.atSecond; j += 1) forSecond += (rank - at.belowSecond - j) ** 2;
  });
  const u = m * forFirst + n * forSecond;
  const t = u / (m * n * (m + n)) - (4 * m * n - 1) / (6 * (m + n));
  return { status: 'ok', u, t, pAsymp: asymptotic(t, m, n) };
}

// T is moved and stretched to the mean 1/6 and the variance 1/45 of the limit.
function asymptotic(t: number, m: number, n: number): number {
  const rows = m + n;
  const cells = m * n;
  const mean = (1 + 1 / rows) / 6;
  const variance = ((rows + 1) * (4 * cells * rows - 3 * (m * m + n * n) - 2 * cells)) / (45 * rows * rows * 4 * cells);
  if (variance <= 0) return 1;
  const limit = 1 / 6 + (t - mean) / Math.sqrt(45 * variance);
  return limit < SMALLEST_LIMIT ? 1 : cvmLimitUpper(limit);
}

const SMALLEST_LIMIT = 0.003;
