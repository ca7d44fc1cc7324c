import { type BucketCounts, rowsIn } from './bucket-counts.ts';

/** Where the largest gap between the two distribution functions may still hide. */
export interface GapSearch {
  /** Largest |a n - b m| at the end of a bucket, a and b being the values up to there. */
  readonly largest: number;
  readonly ranges: readonly BucketRange[];
  /** Values of both sides inside the ranges. */
  readonly rows: number;
}

/** Buckets first..last, with the gap a n - b m before them. */
export interface BucketRange {
  readonly first: number;
  readonly last: number;
  readonly base: number;
}

/** Bounds the gap in every bucket and returns the few ranges of buckets that can hold the largest. */
export function findGapRanges(counts: BucketCounts): GapSearch {
  const gaps = gapsOf(counts);
  const ranges = mergeRanges(candidates(counts, gaps), gaps.before);
  const rows = ranges.reduce(
    (sum, { first, last }) => sum + rowsIn(counts.reference, first, last) + rowsIn(counts.current, first, last),
    0,
  );
  return { largest: gaps.largest, ranges, rows };
}

const MAX_RANGES = 6;

type Gaps = { readonly before: Float64Array; readonly largest: number };

function gapsOf({ reference, current, m, n }: BucketCounts): Gaps {
  const before = new Float64Array(reference.length + 1);
  let largest = 0;
  for (let bucket = 0; bucket < reference.length; bucket += 1) {
    const gap = (before[bucket] ?? 0) + (reference[bucket] ?? 0) * n - (current[bucket] ?? 0) * m;
    before[bucket + 1] = gap;
    largest = Math.max(largest, Math.abs(gap));
  }
  return { before, largest };
}

// Inside a bucket the gap can reach what it would be if all rows of one side came before all rows of the other.
function candidates({ reference, current, m, n }: BucketCounts, gaps: Gaps): readonly number[] {
  const found: number[] = [];
  for (let bucket = 0; bucket < reference.length; bucket += 1) {
    const before = gaps.before[bucket] ?? 0;
    const highest = before + (reference[bucket] ?? 0) * n;
    const lowest = before - (current[bucket] ?? 0) * m;
    if (Math.max(highest, -lowest) > gaps.largest) found.push(bucket);
  }
  return found;
}

// A few ranges, made by closing the narrowest gaps between candidates.
function mergeRanges(found: readonly number[], before: Float64Array): readonly BucketRange[] {
  const breaks = found
    .map((bucket, index) => ({ index, width: bucket - (found[index - 1] ?? bucket) }))
    .filter((gap) => gap.width > 1)
    .sort((a, b) => b.width - a.width)
    .slice(0, MAX_RANGES - 1)
    .map((gap) => gap.index)
    .sort((a, b) => a - b);
  return [0, ...breaks].flatMap((start, position): readonly BucketRange[] => {
    const first = found[start];
    const last = found[(breaks[position] ?? found.length) - 1];
    return first === undefined || last === undefined ? [] : [{ first, last, base: before[first] ?? 0 }];
  });
}
