import type { Outcome } from './outcome.ts';
import { finiteOrNull } from './scale.ts';
import { segments, TIE_SHARE } from './segments.ts';

/** The single best change of level. */
export type BestSplit = Outcome<
  {
    /** First index of the new level; the smallest on ties. */
    index: number;
    /** Squared error saved: SS of the whole minus SS of both parts, >= 0; null when it overflows. */
    gain: number | null;
  },
  'ok' | 'overflow'
>;

/**
 * Computes where one change of mean explains most of a series, in O(n).
 *
 * @param series      Values at equal steps; those that are not finite are skipped but keep their index.
 * @param minSegment  Least values on each side, >= 1; 5 by default.
 * @returns           Null numbers when the series has fewer than 2 * minSegment values.
 * @see A. Sen and M. S. Srivastava, On tests for detecting change in mean, Annals of Statistics 3 (1975)
 */
export function bestSplit(series: readonly number[], minSegment = 5): BestSplit {
  const parts = segments(series);
  const n = parts.length;
  const least = Math.max(1, Math.ceil(minSegment));
  if (n < 2 * least) return { status: 'insufficient_data', index: null, gain: null };
  const tie = TIE_SHARE * parts.squaredError(0, n);
  let index = least;
  let best = gainAt(least);
  for (let split = least + 1; split <= n - least; split += 1) {
    const gain = gainAt(split);
    if (gain > best + tie) {
      best = gain;
      index = split;
    }
  }
  const gain = finiteOrNull(best * parts.scale * parts.scale);
  return { status: gain === null ? 'overflow' : 'ok', index: parts.position(index), gain };

  function gainAt(split: number): number {
    const left = parts.total(0, split);
    const right = parts.total(split, n);
    return Math.max(0, (left * left) / split + (right * right) / (n - split) - (left + right) ** 2 / n);
  }
}
