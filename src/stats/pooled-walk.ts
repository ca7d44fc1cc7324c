/** One distinct value of two pooled samples: how many values of each side lie below it and equal it. */
export type PooledVisit = (value: number, counts: PooledCounts) => void;

/** Counts of both sides below and at a value; the object is reused between visits. */
export type PooledCounts = {
  /** Values of the first side below this one. */ belowFirst: number;
  /** Values of the second side below this one. */ belowSecond: number;
  /** Values of the first side equal to this one. */ atFirst: number;
  /** Values of the second side equal to this one. */ atSecond: number;
};

/**
 * Visits the distinct values of two sorted samples in ascending order, all ties of a value at once; -0 equals 0.
 *
 * Linear in the number of values.
 */
export function walkPooled(first: Float64Array, second: Float64Array, visit: PooledVisit): void {
  const counts: PooledCounts = { belowFirst: 0, belowSecond: 0, atFirst: 0, atSecond: 0 };
  let i = 0;
  let j = 0;
  while (i < first.length || j < second.length) {
    const value = Math.min(first[i] ?? Number.POSITIVE_INFINITY, second[j] ?? Number.POSITIVE_INFINITY);
    counts.belowFirst = i;
    counts.belowSecond = j;
    while (i < first.length && first[i] === value) i += 1;
    while (j < second.length && second[j] === value) j += 1;
    counts.atFirst = i - counts.belowFirst;
    counts.atSecond = j - counts.belowSecond;
    visit(value === 0 ? 0 : value, counts);
  }
}
