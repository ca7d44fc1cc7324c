import { StatsError } from '../core/errors.ts';
import { moments, standardise } from './moments.ts';
import type { Outcome } from './outcome.ts';
import { finiteOrNull, type Scaled, scaleDown } from './scale.ts';
import { sum, sumOver } from './sum.ts';

/** Errors of a regression model, in the unit of the target unless said otherwise. */
export type RegressionMetrics = Outcome<RegressionNumbers, 'ok' | 'overflow'>;

/** A metric that does not fit a double is null and the status says `overflow`. */
type RegressionNumbers = {
  readonly mae: number | null;
  readonly rmse: number | null;
  /** Mean of predicted minus actual. */
  readonly bias: number | null;
  /** Mean |error| / |actual| as a ratio over rows with actual != 0; null when there is none. */
  readonly mape: number | null;
  /** Rows left out of mape because actual is 0. */
  readonly mapeExcluded: number;
  /** Mean 2 |error| / (|actual| + |predicted|), 0..2; a row of two zeros counts 0. */
  readonly smape: number | null;
  /** Sum |error| / sum |actual|; null when all actuals are 0. */
  readonly wape: number | null;
  /** 1 - SSE / SST; null when actual is constant. */
  readonly r2: number | null;
};

/** Sums over matured rows from which every metric follows; a database can compute them. */
export type RegressionSums = {
  readonly n: number;
  readonly error: number;
  readonly absError: number;
  readonly squaredError: number;
  readonly absActual: number;
  /** Sum of (actual - mean actual)^2. */
  readonly squaredDeviation: number;
  /** Sum of |error| / |actual| over rows with actual != 0. */
  readonly percentage: number;
  readonly percentageExcluded: number;
  /** Sum of 2 |error| / (|actual| + |predicted|). */
  readonly symmetric: number;
};

/**
 * Computes MAE, RMSE, bias, MAPE, sMAPE, WAPE and R2 of paired values.
 *
 * @param actual     True values; a pair with a value that is not finite is left out.
 * @param predicted  Predictions of the same rows.
 * @throws E_STATS_SHAPE  when the lengths differ.
 * @see R. J. Hyndman and A. B. Koehler, Another look at measures of forecast accuracy, Int. J. Forecasting 22 (2006)
 */
export function regressionMetrics(actual: readonly number[], predicted: readonly number[]): RegressionMetrics {
  if (actual.length !== predicted.length) {
    throw new StatsError('E_STATS_SHAPE', 'Actual and predicted values must have the same length.');
  }
  const usable = actual.map((value, i) => Number.isFinite(value) && Number.isFinite(predicted[i]));
  const a = actual.filter((_, i) => usable[i]);
  const p = predicted.filter((_, i) => usable[i]);
  const errors = scaledErrors(a, p);
  const actuals = scaleDown(a);
  const deviations = standardise(Float64Array.from(a), new Float64Array(0));
  const n = a.length;
  const relative = a.map((value, i) => relativeErrors(value, p[i] ?? 0));
  return metrics(
    {
      n,
      error: sum(errors.scaled),
      absError: sumOver(n, (i) => Math.abs(errors.scaled[i] ?? 0)),
      squaredError: sumOver(n, (i) => (errors.scaled[i] ?? 0) ** 2),
      absActual: sumOver(n, (i) => Math.abs(actuals.scaled[i] ?? 0)),
      squaredDeviation: moments(deviations.reference).variance * (n - 1),
      percentage: sumOver(n, (i) => (a[i] === 0 ? 0 : (relative[i]?.ofActual ?? 0))),
      percentageExcluded: a.filter((value) => value === 0).length,
      symmetric: sumOver(n, (i) => relative[i]?.symmetric ?? 0),
    },
    { error: errors.scale, actual: actuals.scale, deviation: deviations.scale },
  );
}

/** Computes the same metrics from sums over the rows. */
export function regressionMetricsFromSums(sums: RegressionSums): RegressionMetrics {
  return metrics(sums, { error: 1, actual: 1, deviation: 1 });
}

/** What errors, actuals and deviations were divided by before summing. */
type Scales = { readonly error: number; readonly actual: number; readonly deviation: number };

function metrics(sums: RegressionSums, scales: Scales): RegressionMetrics {
  const { n } = sums;
  if (n === 0) return INSUFFICIENT;
  const compared = n - sums.percentageExcluded;
  const errorShare = scales.error / scales.deviation;
  const raw = {
    mae: (sums.absError / n) * scales.error,
    rmse: Math.sqrt(sums.squaredError / n) * scales.error,
    bias: (sums.error / n) * scales.error,
    mape: compared === 0 ? null : sums.percentage / compared,
    smape: sums.symmetric / n,
    wape: sums.absActual === 0 ? null : (sums.absError / sums.absActual) * (scales.error / scales.actual),
    r2: sums.squaredDeviation === 0 ? null : 1 - (sums.squaredError / sums.squaredDeviation) * errorShare * errorShare,
  };
  const overflow = Object.values(raw).some((value) => value !== null && !Number.isFinite(value));
  return {
    status: overflow ? 'overflow' : 'ok',
    mae: finiteOrNull(raw.mae),
    rmse: finiteOrNull(raw.rmse),
    bias: finiteOrNull(raw.bias),
    mape: raw.mape === null ? null : finiteOrNull(raw.mape),
    mapeExcluded: sums.percentageExcluded,
    smape: finiteOrNull(raw.smape),
    wape: raw.wape === null ? null : finiteOrNull(raw.wape),
    r2: raw.r2 === null ? null : finiteOrNull(raw.r2),
  };
}

const INSUFFICIENT = {
  status: 'insufficient_data',
  mae: null,
  rmse: null,
  bias: null,
  mape: null,
  mapeExcluded: null,
  smape: null,
  wape: null,
  r2: null,
} as const;

/** Returns predicted - actual, scaled so that sums and squares fit. */
function scaledErrors(actual: readonly number[], predicted: readonly number[]): Scaled {
  const errors = actual.map((value, i) => (predicted[i] ?? 0) - value);
  if (errors.every(Number.isFinite)) return scaleDown(errors);
  const { scaled, scale } = scaleDown(actual.map((value, i) => (predicted[i] ?? 0) / 2 - value / 2));
  return { scaled: scaled.map((error) => error * 2), scale };
}

/** Returns |error| / |actual| and 2 |error| / (|actual| + |predicted|); 0 where both values are 0. */
function relativeErrors(actual: number, predicted: number): { readonly ofActual: number; readonly symmetric: number } {
  if (actual === predicted) return { ofActual: 0, symmetric: 0 };
  const shrink = Math.max(Math.abs(actual), Math.abs(predicted)) > 1e300 ? 2 ** -8 : 1;
  const a = actual * shrink;
  const p = predicted * shrink;
  const error = Math.abs(p - a);
  return { ofActual: error / Math.abs(a), symmetric: 2 * (error / (Math.abs(a) + Math.abs(p))) };
}
