/** Which pooled bin each bin goes to. */
export type Pooling = {
  /** Pooled index of each original bin, -1 for a bin without rows on either side. */
  readonly target: readonly number[];
  /** Original indices that kept a bin of their own, by reference count descending, then index. */
  readonly kept: readonly number[];
  /** Pooled index of OTHER; null when nothing was pooled or OTHER was merged into a kept bin. */
  readonly other: number | null;
  /** Original index of the kept bin that took OTHER in; null otherwise. */
  readonly mergedInto: number | null;
  /** Number of pooled bins. */
  readonly size: number;
};

/** How small a bin may be and how many there may be. */
export type PoolOptions = {
  /** Rows a window has in expectation; a bin is kept when nominalRows times its reference share reaches minExpected. */
  readonly nominalRows: number;
  readonly minExpected?: number;
  readonly maxBins?: number;
};

/** Expected rows below which a bin is pooled; 10 and not Cochran's 5 because tests run at 3e-5 and not at 0.05. */
export const MIN_EXPECTED = 10;

/**
 * Decides which bins stay and which are pooled into OTHER.
 *
 * Keeps bins whose expected count reaches minExpected, at most maxBins, by reference count descending then position; the
 * rest goes to OTHER, and OTHER goes into the smallest kept bin when its own expected count is too small, so that a
 * single unseen value cannot page anybody.
 *
 * @param reference  Reference counts, one a bin; 0 for a bin only the current side has.
 * @param current    Current counts of the same bins.
 * @see W. G. Cochran, Biometrics 10 (1954), for the rule on small expected counts
 */
export function poolBins(reference: readonly number[], current: readonly number[], options: PoolOptions): Pooling {
  const { nominalRows, minExpected = MIN_EXPECTED, maxBins = 100 } = options;
  let total = 0;
  for (const count of reference) total += count;
  const expected = (count: number): number => (nominalRows * count) / total;
  const order = reference
    .map((count, index) => ({ count, index }))
    .sort((a, b) => b.count - a.count || a.index - b.index);
  const kept = order
    .filter((bin) => bin.count > 0 && expected(bin.count) >= minExpected)
    .slice(0, maxBins)
    .map((bin) => bin.index);
  const target = reference.map(() => -1);
  for (const [pooled, index] of kept.entries()) target[index] = pooled;
  const rest = order.filter((bin) => target[bin.index] === -1 && bin.count + (current[bin.index] ?? 0) > 0);
  if (rest.length === 0) return { target, kept, other: null, mergedInto: null, size: kept.length };
  const restCount = rest.reduce((sum, bin) => sum + bin.count, 0);
  const smallest = kept.at(-1);
  const merges = smallest !== undefined && expected(restCount) < minExpected;
  const slot = merges ? kept.length - 1 : kept.length;
  for (const bin of rest) target[bin.index] = slot;
  if (merges) return { target, kept, other: null, mergedInto: smallest, size: kept.length };
  return { target, kept, other: slot, mergedInto: null, size: kept.length + 1 };
}

/** Returns the counts of the pooled bins. */
export function applyPooling(pooling: Pooling, counts: readonly number[]): number[] {
  const pooled = Array<number>(pooling.size).fill(0);
  for (let index = 0; index < counts.length; index += 1) {
    const slot = pooling.target[index] ?? -1;
    if (slot >= 0) pooled[slot] = (pooled[slot] ?? 0) + (counts[index] ?? 0);
  }
  return pooled;
}
