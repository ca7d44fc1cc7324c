import { StatsError } from '../core/errors.ts';
import { createLcg } from './generator.ts';
import type { Outcome } from './outcome.ts';
import { quantile7 } from './quantile7.ts';

/** A difference of one metric between two samples with a percentile bootstrap interval. */
export type BootstrapDiff = Outcome<{
  /** Metric of current minus metric of reference. */
  diff: number;
  ciLow: number | null;
  ciHigh: number | null;
}>;

/**
 * Computes a reproducible percentile bootstrap interval for the difference of any metric.
 *
 * Each resample draws as many reference rows and then current rows as there are, with replacement, by the documented
 * generator. Pass the rows of one entity as one element to resample by entity.
 *
 * @param input.metric     Computes the metric of some rows; null where it is undefined (such a resample is left out).
 * @param input.resamples  Number of resamples, 1000 by default.
 * @param input.alpha      1 - confidence, 0.05 by default.
 * @throws E_STATS_PARAMETER  when resamples is not a positive integer.
 * @see B. Efron and R. J. Tibshirani, An introduction to the bootstrap, 1993, chapter 13
 */
export function bootstrapDiff<Row>(input: {
  readonly reference: readonly Row[];
  readonly current: readonly Row[];
  readonly metric: (rows: readonly Row[]) => number | null;
  readonly resamples?: number;
  readonly seed?: number;
  readonly alpha?: number;
}): BootstrapDiff {
  const { reference, current, metric, resamples = 1000, seed = 1, alpha = 0.05 } = input;
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new StatsError('E_STATS_PARAMETER', 'The number of resamples must be a positive integer.');
  }
  const diff = difference(metric(reference), metric(current));
  if (reference.length === 0 || current.length === 0 || diff === null) {
    return { status: 'insufficient_data', diff: null, ciLow: null, ciHigh: null };
  }
  const next = createLcg(seed);
  const draws: number[] = [];
  for (let round = 0; round < resamples; round += 1) {
    const before = metric(resample(reference, next));
    const drawn = difference(before, metric(resample(current, next)));
    if (drawn !== null) draws.push(drawn);
  }
  const sorted = Float64Array.from(draws).sort();
  return { status: 'ok', diff, ciLow: quantile7(sorted, alpha / 2), ciHigh: quantile7(sorted, 1 - alpha / 2) };
}

function resample<Row>(rows: readonly Row[], next: () => number): readonly Row[] {
  const drawn: Row[] = [];
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[Math.floor(next() * rows.length)];
    if (row !== undefined) drawn.push(row);
  }
  return drawn;
}

function difference(before: number | null, after: number | null): number | null {
  if (before === null || after === null) return null;
  const diff = after - before;
  return Number.isFinite(diff) ? diff : null;
}
