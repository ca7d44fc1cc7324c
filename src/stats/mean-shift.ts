import { clean, type Sample } from './clean.ts';
import { moments, restoreMean, standardise } from './moments.ts';
import type { Nulls } from './outcome.ts';
import { studentTwoSided } from './special.ts';

type Numbers = {
  readonly meanRef: number;
  readonly meanCur: number;
  readonly sdRef: number;
  readonly sdCur: number;
  /** Current minus reference. */
  readonly diff: number;
  readonly t: number | null;
  readonly df: number | null;
  readonly p: number | null;
  readonly glassDelta: number | null;
};

/** Means, standard deviations, Welch's test and Glass's effect size. */
export type MeanShift =
  | ({ readonly status: 'ok' | 'degenerate' } & Numbers)
  | ({ readonly status: 'insufficient_data' | 'overflow' } & Nulls<Numbers>);

/**
 * Compares two means: Welch's t with Satterthwaite's degrees of freedom, and Glass's delta = diff / sd of the reference.
 *
 * Needs two finite values a side. `degenerate` when neither side varies (t, df and p are null); glassDelta is null when
 * the reference does not vary; `overflow` when a result does not fit a double.
 *
 * @see B. L. Welch, The generalization of Student's problem, Biometrika 34 (1947); G. V. Glass, Primary, secondary and
 *      meta-analysis of research, Educ. Res. 5 (1976)
 */
export function meanShift(reference: Sample, current: Sample): MeanShift {
  const first = clean(reference).finite;
  const second = clean(current).finite;
  if (first.length < 2 || second.length < 2) return { status: 'insufficient_data', ...NONE };
  const both = standardise(first, second);
  const ref = moments(both.reference);
  const cur = moments(both.current);
  const gap = cur.mean - ref.mean;
  const sizes = {
    meanRef: restoreMean(both, ref.mean),
    meanCur: restoreMean(both, cur.mean),
    sdRef: Math.sqrt(ref.variance) * both.scale,
    sdCur: Math.sqrt(cur.variance) * both.scale,
    diff: gap * both.scale,
  };
  if (!Object.values(sizes).every(Number.isFinite)) return { status: 'overflow', ...NONE };
  const a = ref.variance / ref.n;
  const b = cur.variance / cur.n;
  if (a + b === 0) return { status: 'degenerate', ...sizes, t: null, df: null, p: null, glassDelta: null };
  const t = gap / Math.sqrt(a + b);
  const shareA = a / (a + b);
  const shareB = b / (a + b);
  const df = 1 / (shareA ** 2 / (ref.n - 1) + shareB ** 2 / (cur.n - 1));
  const glassDelta = ref.variance > 0 ? gap / Math.sqrt(ref.variance) : null;
  return { status: 'ok', ...sizes, t, df, p: studentTwoSided(t, df), glassDelta };
}

const NONE = {
  meanRef: null,
  meanCur: null,
  sdRef: null,
  sdCur: null,
  diff: null,
  t: null,
  df: null,
  p: null,
  glassDelta: null,
} as const;
