import { autocovariances } from './autocovariance.ts';
import { clean, type Sample } from './clean.ts';
import { moments, standardise } from './moments.ts';
import type { Nulls, Outcome } from './outcome.ts';

type Numbers = { rho1: number; nEffAr1: number; tau: number; nEffGeyer: number };

/** How many independent values a series is worth, by two rules. */
export type EffectiveSampleSize = Outcome<Numbers> | ({ readonly status: 'degenerate' } & Nulls<Numbers>);

/**
 * Computes the effective sample size of a series for its mean: n (1 - r) / (1 + r) from the lag-1 autocorrelation r >= 0,
 * and n / tau with Geyer's initial positive sequence.
 *
 * tau = -1 + 2 sum (rho_2k + rho_2k+1) while the pairs are positive, at least 1. Diagnostics only: verdicts use the
 * overdispersion between windows. Needs three values; `degenerate` when all are equal.
 *
 * @see C. J. Geyer, Practical Markov chain Monte Carlo, Stat. Sci. 7 (1992), 3.3
 */
export function effectiveSampleSize(values: Sample): EffectiveSampleSize {
  const finite = clean(values).finite;
  const n = finite.length;
  if (n < MIN_VALUES) return { status: 'insufficient_data', ...NONE };
  const scaled = standardise(finite, new Float64Array()).reference;
  const { mean, variance } = moments(scaled);
  if (variance === 0) return { status: 'degenerate', ...NONE };
  const gamma = autocovariances(scaled.map((value) => value - mean));
  const rho = (lag: number): number => (gamma[lag] ?? 0) / (gamma[0] ?? 1);
  const rho1 = rho(1);
  const positive = Math.max(0, rho1);
  let tau = -1;
  for (let lag = 0; lag + 1 < n; lag += 2) {
    const pair = rho(lag) + rho(lag + 1);
    if (pair <= 0) break;
    tau += 2 * pair;
  }
  tau = Math.max(1, tau);
  return { status: 'ok', rho1, nEffAr1: (n * (1 - positive)) / (1 + positive), tau, nEffGeyer: n / tau };
}

const MIN_VALUES = 3;
const NONE = { rho1: null, nEffAr1: null, tau: null, nEffGeyer: null } as const;
