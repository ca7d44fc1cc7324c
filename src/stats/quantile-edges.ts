import { sortFinite, type Sample } from './clean.ts';
import type { Outcome } from './outcome.ts';

/** Inner bin edges in ascending order; B - 1 of them or fewer. */
export type QuantileEdges = Outcome<{ edges: readonly number[] }>;

/**
 * Computes the inner edges of `bins` equal-mass bins of the reference: type-1 quantiles, which are actual values.
 *
 * e_j = x_(ceil(m j / B)), j = 1..B-1; duplicates and edges >= the maximum are dropped, so an atom gets its own bin.
 * Bins are right-closed: (-inf, e1], (e1, e2], ..., (e_last, inf).
 *
 * @param bins  Number of bins B >= 1 asked for; 10 for PSI and chi-square, 100 for the fine histogram.
 * @see R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, Am. Stat. 50 (1996), type 1
 */
export function quantileEdges(reference: Sample, bins: number): QuantileEdges {
  const sorted = sortFinite(reference);
  const maximum = sorted.at(-1);
  if (maximum === undefined) return { status: 'insufficient_data', edges: null };
  const edges: number[] = [];
  for (let j = 1; j < bins; j += 1) {
    const rank = Math.floor((sorted.length * j + bins - 1) / bins);
    const edge = sorted[rank - 1] ?? maximum;
    if (edge < maximum && edge !== edges.at(-1)) edges.push(edge === 0 ? 0 : edge);
  }
  return { status: 'ok', edges };
}

/**
 * Returns the ClickHouse aggregate expression with the same edges as `quantileEdges`.
 *
 * ClickHouse's own quantile functions are not type 1, so the sorted array is indexed directly.
 *
 * @param value  Expression of the value; rows that are not finite are left out.
 */
export function quantileEdgesSql(value: string, bins: number): string {
  const sorted = `arraySort(groupArrayIf(toFloat64(${value}), isFinite(${value})))`;
  const at = `s[intDiv(length(s) * j + ${bins - 1}, ${bins})]`;
  return `arrayMap(s -> arrayDistinct(arrayFilter(e -> e < s[-1], arrayMap(j -> ${at}, range(1, ${bins})))), [${sorted}])[1]`;
}
