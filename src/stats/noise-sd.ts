import { medianAbsoluteDeviation } from 'simple-statistics';
import { standardise } from './moments.ts';
import type { Outcome } from './outcome.ts';
import { finiteOrNull } from './scale.ts';

/** The noise of a series, estimated so that level shifts do not inflate it. */
export type NoiseSd = Outcome<
  {
    /** White-noise sd in the unit of the series: MAD of lag-1 differences / sqrt 2. */
    sd: number | null;
    /** Lag-1 autocorrelation, 0..0.95; above 0.7 a changepoint is weak evidence. */
    rho: number | null;
    /** Long-run variance, the noise a segment mean really has. */
    lrVar: number | null;
  },
  'ok' | 'degenerate' | 'overflow'
>;

/** 1 / (75% quantile of the normal distribution): makes the MAD an estimate of sd. */
const MAD_TO_SD = 1.482602218505602;
const MAX_RHO = 0.95;

/**
 * Computes sd, autocorrelation and long-run variance of a series that may contain level shifts.
 *
 * With m1 and m2 the MADs of lag-1 and lag-2 differences: rho = (m2 / m1)^2 - 1 clipped to 0..0.95 and long-run
 * variance = m1^2 / 2 (1 + rho) / (1 - rho)^2.
 *
 * @param series  Values at equal steps; those that are not finite are left out.
 * @returns       Null numbers below three values; sd 0 and null rho when the differences have no spread.
 * @see S. Chakar et al., A robust approach for estimating change-points in the mean of an AR(1) process, Bernoulli 23
 * (2017)
 */
export function noiseSd(series: readonly number[]): NoiseSd {
  const { reference: scaled, scale } = standardise(
    Float64Array.from(series.filter(Number.isFinite)),
    new Float64Array(0),
  );
  if (scaled.length < 3) return { status: 'insufficient_data', sd: null, rho: null, lrVar: null };
  const m1 = differenceMad(scaled, 1);
  const m2 = differenceMad(scaled, 2);
  if (m1 === 0) return { status: 'degenerate', sd: 0, rho: null, lrVar: null };
  const rho = Math.min(MAX_RHO, Math.max(0, (m2 / m1) ** 2 - 1));
  const sd = finiteOrNull((m1 / Math.SQRT2) * scale);
  const lrVar = finiteOrNull(((m1 * m1) / 2) * ((1 + rho) / (1 - rho) ** 2) * scale * scale);
  return { status: sd === null || lrVar === null ? 'overflow' : 'ok', sd, rho, lrVar };
}

function differenceMad(values: Float64Array, lag: number): number {
  const differences = values.slice(lag).map((value, i) => value - (values[i] ?? 0));
  return MAD_TO_SD * medianAbsoluteDeviation([...differences]);
}
