import { StatsError } from '../core/errors.ts';
import type { Outcome } from './outcome.ts';
import { finiteOrNull } from './scale.ts';

/** An always-valid comparison of two means: it may be looked at any number of times. */
export type Msprt = Outcome<
  {
    /** Natural logarithm of the mixture likelihood ratio. */
    logLambda: number | null;
    /** min(1, 1 / Lambda); the caller keeps the running minimum over time. */
    pAlways: number | null;
    /** Confidence sequence of current minus reference. */
    ciLow: number | null;
    ciHigh: number | null;
  },
  'ok' | 'degenerate' | 'overflow'
>;

/** Prior variance of the effect on the metric's scale (fixed beforehand), and the error level. */
export type MsprtPolicy = { readonly tau2: number; readonly alpha: number };

/**
 * Computes the mixture sequential probability ratio test of a difference with known variance.
 *
 * Lambda = sqrt(V / (V + tau2)) exp(tau2 d^2 / (2 V (V + tau2))), and the confidence sequence is
 * d +/- sqrt(V (V + tau2) / tau2 ln((V + tau2) / (V alpha^2))).
 *
 * @param difference  Current minus reference.
 * @param variance    Variance V of the difference; 0 is degenerate: p 1, no interval.
 * @throws E_STATS_PARAMETER  when tau2 <= 0 or alpha is outside (0, 1).
 * @see H. Robbins, Statistical methods related to the law of the iterated logarithm, Ann. Math. Statist. 41 (1970)
 * @see R. Johari, P. Koomen, L. Pekelis and D. Walsh, Always valid inference, Operations Research 70 (2022)
 */
export function mixtureSprt(difference: number, variance: number, policy: MsprtPolicy): Msprt {
  const { tau2, alpha } = policy;
  if (!(tau2 > 0 && alpha > 0 && alpha < 1)) {
    throw new StatsError('E_STATS_PARAMETER', 'The sequential test needs tau2 > 0 and alpha between 0 and 1.');
  }
  if (variance === 0) return { status: 'degenerate', logLambda: null, pAlways: 1, ciLow: null, ciHigh: null };
  const total = variance + tau2;
  const standardised = difference / Math.sqrt(variance);
  const logLambda = 0.5 * Math.log(variance / total) + 0.5 * (tau2 / total) * standardised * standardised;
  const width = Math.log(total / variance) - 2 * Math.log(alpha);
  const radius = Math.sqrt(variance) * Math.sqrt((total / tau2) * width);
  const fits = [logLambda, difference - radius, difference + radius].every(Number.isFinite);
  return {
    status: fits ? 'ok' : 'overflow',
    logLambda: finiteOrNull(logLambda),
    pAlways: finiteOrNull(Math.min(1, Math.exp(-logLambda))),
    ciLow: finiteOrNull(difference - radius),
    ciHigh: finiteOrNull(difference + radius),
  };
}

/** The result without data on a side. */
export const MSPRT_INSUFFICIENT = {
  status: 'insufficient_data',
  logLambda: null,
  pAlways: null,
  ciLow: null,
  ciHigh: null,
} as const;
