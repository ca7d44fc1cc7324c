import type { Sample } from './clean.ts';

/**
 * Counts finite values into right-closed bins; the bin of a value is the number of edges below it.
 *
 * @param edges  Inner edges in ascending order.
 * @returns      edges.length + 1 counts.
 */
export function binCounts(values: Sample, edges: Sample): number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === undefined || !Number.isFinite(value)) continue;
    const bin = binIndex(value, edges);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** Returns the bin of a value: how many edges are below it. */
export function binIndex(value: number, edges: Sample): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] ?? Number.POSITIVE_INFINITY) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns the ClickHouse expression of a value's bin, counted from 0; `edges` is an array expression. */
export function binIndexSql(value: string, edges: string): string {
  return `arrayCount(e -> e < ${value}, ${edges})`;
}

/** Returns the ClickHouse aggregate expression of the dense counts of finite values, one a bin, in bin order. */
export function binCountsSql(value: string, edges: string): string {
  const sparse = `sumMapIf([toUInt32(${binIndexSql(value, edges)})], [toUInt64(1)], isFinite(${value}))`;
  return `arrayMap(b -> (${sparse} AS tally).2[indexOf(tally.1, b)], range(toUInt32(length(any(${edges})) + 1)))`;
}
