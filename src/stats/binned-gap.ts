import { StatsError } from '../core/errors.ts';
import { type Sides, sidesSql } from './drift-statistic.ts';

/** One bin: its width and the gap F - G of the distribution functions at its two ends. */
export type BinGap = {
  readonly width: number;
  readonly left: number;
  readonly right: number;
  /** Shares of reference and current rows in the bin. */
  readonly mass: number;
};

/**
 * Returns width and end gaps of each bin for two histograms whose distribution functions are linear inside the bins.
 *
 * @param edges  B + 1 finite edges in ascending order; bins of width 1 when absent.
 * @throws E_STATS_SHAPE  when the number of edges is not the number of bins plus one.
 */
export function binGaps({ r, c, m, n }: Sides, edges: readonly number[] | undefined): readonly BinGap[] {
  if (edges !== undefined && edges.length !== r.length + 1) {
    throw new StatsError('E_STATS_SHAPE', `${r.length} bins need ${r.length + 1} edges, got ${edges.length}.`);
  }
  let left = 0;
  let f = 0;
  let g = 0;
  return r.map((count, index) => {
    const other = c[index] ?? 0;
    f += count;
    g += other;
    const right = (f * n - g * m) / (m * n);
    const width = edges === undefined ? 1 : (edges[index + 1] ?? 0) - (edges[index] ?? 0);
    const gap = { width, left, right, mass: count / m + other / n };
    left = right;
    return gap;
  });
}

/**
 * Returns the ClickHouse sum of `term` over the bins, where `w` is the width and `a`, `b` are the gaps at the ends.
 *
 * @param finish  Wraps the sum, for example in a square root.
 */
export function binGapsSql(input: {
  readonly reference: string;
  readonly current: string;
  readonly edges: string | undefined;
  readonly term: string;
  readonly finish: (sum: string) => string;
}): string {
  const widths =
    input.edges === undefined
      ? 'arrayMap(x -> 1., r)'
      : `arrayPopFront(arrayDifference(arrayMap(x -> toFloat64(x), ${input.edges})))`;
  const sum = `arraySum((w, a, b) -> ${input.term}, widths, arrayPopBack(arrayPushFront(gaps, 0.)), gaps)`;
  return sidesSql(input.reference, input.current, input.finish(sum), {
    gaps: 'arrayMap((f, g) -> (f * n - g * m) / (m * n), arrayCumSum(r), arrayCumSum(c))',
    widths,
  });
}
