import { finiteOrNull } from './scale.ts';

/**
 * Computes the quantile by linear interpolation between order statistics (type 7).
 *
 * @param sorted       Finite numbers in ascending order.
 * @param probability  Between 0 and 1.
 * @returns            The quantile in the unit of the data; null for an empty list.
 * @see R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996), type 7
 */
export function quantile7(sorted: ArrayLike<number>, probability: number): number | null {
  if (sorted.length === 0) return null;
  const position = (sorted.length - 1) * Math.min(1, Math.max(0, probability));
  const index = Math.floor(position);
  const low = sorted[index] ?? 0;
  const high = sorted[index + 1] ?? low;
  const share = position - index;
  const width = high - low;
  return finiteOrNull(Number.isFinite(width) ? low + share * width : low * (1 - share) + high * share);
}

/** Computes the median of finite numbers in any order; null for an empty list. */
export function median7(values: Iterable<number>): number | null {
  return quantile7(Float64Array.from(values).sort(), 0.5);
}
