import { finiteOrNull } from './scale.ts';
import { segments, type Segments, TIE_SHARE } from './segments.ts';

/** The best description of a series by constant levels. */
export type OptimalPartitionResult = {
  /** First index of each new level, ascending; empty when one level is best. */
  readonly changepoints: readonly number[];
  /** Squared error of all levels + penalty * number of changes; null for an empty series or when it overflows. */
  readonly cost: number | null;
};

/**
 * Computes the exact optimal partition of a series into levels (squared error, additive penalty), in O(n^2).
 *
 * Penalty to use: 3 ln n times the long-run variance of `noiseSd`, with segments of at least 5 values.
 *
 * @param series               Values at equal steps; those that are not finite are skipped but keep their index.
 * @param settings.penalty     Cost of one change, in squared units of the series.
 * @param settings.minSegment  Least values of a level, >= 1; 5 by default.
 * @see B. Jackson et al., An algorithm for optimal partitioning of data on an interval, IEEE Signal Processing Letters 12
 * (2005); R. Killick, P. Fearnhead and I. A. Eckley, JASA 107 (2012) (PELT returns the same)
 */
export function optimalPartition(
  series: readonly number[],
  settings: { readonly penalty: number; readonly minSegment?: number },
): OptimalPartitionResult {
  const parts = segments(series);
  if (parts.length === 0) return { changepoints: [], cost: null };
  const least = Math.max(1, Math.ceil(settings.minSegment ?? 5));
  const penalty = settings.penalty / parts.scale / parts.scale;
  const { cost, previous } = solve(parts, penalty, least);
  const changepoints: number[] = [];
  for (let start = previous[parts.length] ?? 0; start > 0; start = previous[start] ?? 0) {
    changepoints.unshift(parts.position(start));
  }
  return { changepoints, cost: finiteOrNull(cost * parts.scale * parts.scale) };
}

/** Fills, for each prefix, its least cost and where its last level starts; ties go to the earlier start. */
function solve(parts: Segments, penalty: number, least: number): { cost: number; previous: Int32Array } {
  const n = parts.length;
  const tie = TIE_SHARE * parts.squaredError(0, n);
  const costs = new Float64Array(n + 1);
  const previous = new Int32Array(n + 1);
  for (let end = 1; end <= n; end += 1) {
    let best = parts.squaredError(0, end);
    for (let start = least; start <= end - least; start += 1) {
      const candidate = (costs[start] ?? 0) + parts.squaredError(start, end) + penalty;
      if (candidate < best - tie) {
        best = candidate;
        previous[end] = start;
      }
    }
    costs[end] = best;
  }
  return { cost: costs[n] ?? 0, previous };
}
