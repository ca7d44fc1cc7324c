/** A cumulative bucket: how many observations (or how many a second) were at most `le`. */
export interface CumulativeBucket {
  /** Upper bound; Infinity for the last one. */
  readonly le: number;
  readonly count: number;
}

/**
 * Returns the quantile q (0..1) of a cumulative histogram by linear interpolation within its bucket, or undefined when
 * it is empty or has no infinite bucket. A quantile in the infinite bucket is the largest finite bound; the first
 * bucket begins at 0 when its bound is positive.
 *
 * @see Prometheus promql/quantile.go, bucketQuantile
 */
export function histogramQuantile(buckets: readonly CumulativeBucket[], q: number): number | undefined {
  const sorted = buckets.toSorted((a, b) => a.le - b.le);
  const total = sorted.at(-1);
  if (total === undefined || total.le !== Number.POSITIVE_INFINITY || !(total.count > 0)) return undefined;
  const rank = q * total.count;
  const index = sorted.findIndex(({ count }) => count >= rank);
  const bucket = sorted[index];
  const before = sorted[index - 1];
  if (bucket === undefined) return undefined;
  if (bucket.le === Number.POSITIVE_INFINITY) return before?.le;
  const start = before?.le ?? Math.min(0, bucket.le);
  const below = before?.count ?? 0;
  const inside = bucket.count - below;
  return inside > 0 ? start + ((bucket.le - start) * (rank - below)) / inside : bucket.le;
}
