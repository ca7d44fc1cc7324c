import { clean, type Sample } from './clean.ts';
import { moments, standardise } from './moments.ts';
import type { Nulls } from './outcome.ts';
import { erfc } from './special.ts';

type Numbers = { readonly varRatio: number; readonly logRatio: number; readonly z: number; readonly p: number };

/** Ratio of variances (current over reference) with a test that does not assume normal data. */
export type VarianceShift =
  | ({ readonly status: 'ok' } & Numbers)
  | ({ readonly status: 'insufficient_data' | 'degenerate' } & Nulls<Numbers>);

/**
 * Compares two variances: z = ln(s2_cur / s2_ref) / sqrt((kurt_ref - 1) / m + (kurt_cur - 1) / n).
 *
 * The kurtosis-based error replaces the F test, which is wrong for heavy tails. Needs four finite values a side;
 * `degenerate` when a side does not vary.
 *
 * @see A. W. van der Vaart, Asymptotic Statistics (1998), example 3.2: the sample variance has limit variance mu4 - s^4
 */
export function varianceShift(reference: Sample, current: Sample): VarianceShift {
  const first = clean(reference).finite;
  const second = clean(current).finite;
  if (first.length < MIN_VALUES || second.length < MIN_VALUES) return { status: 'insufficient_data', ...NONE };
  const both = standardise(first, second);
  const ref = moments(both.reference);
  const cur = moments(both.current);
  const varRatio = cur.variance / ref.variance;
  const error = Math.sqrt(((ref.kurtosis ?? 1) - 1) / ref.n + ((cur.kurtosis ?? 1) - 1) / cur.n);
  const logRatio = Math.log(varRatio);
  const z = logRatio / error;
  if (!Number.isFinite(logRatio) || !Number.isFinite(z)) return { status: 'degenerate', ...NONE };
  return { status: 'ok', varRatio, logRatio, z, p: erfc(Math.abs(z) / Math.SQRT2) };
}

const MIN_VALUES = 4;
const NONE = { varRatio: null, logRatio: null, z: null, p: null } as const;
