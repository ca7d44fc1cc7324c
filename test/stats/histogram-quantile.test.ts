import { describe, expect, it } from 'vitest';
import { type CumulativeBucket, histogramQuantile } from '../../src/stats/histogram-quantile.ts';

const INF = Number.POSITIVE_INFINITY;

function buckets(...pairs: readonly (readonly [le: number, count: number])[]): readonly CumulativeBucket[] {
  return pairs.map(([le, count]) => ({ le, count }));
}

describe('the quantile of a cumulative histogram', () => {
  it.each([
    ['lies within its bucket by proportion', buckets([1, 10], [2, 20], [INF, 20]), 0.75, 1.5],
    ['counts the first bucket from 0', buckets([1, 10], [INF, 10]), 0.5, 0.5],
    ['does not count a first bucket from 0 whose bound is not positive', buckets([-1, 10], [INF, 10]), 0.5, -1],
    ['is the largest finite bound beyond it', buckets([1, 1], [2, 2], [INF, 100]), 0.99, 2],
    ['takes buckets in any order', buckets([INF, 20], [2, 20], [1, 10]), 0.75, 1.5],
    ['passes over empty buckets', buckets([1, 0], [2, 0], [4, 8], [INF, 8]), 0.5, 3],
    ['is the bound itself at its edge', buckets([1, 10], [2, 20], [INF, 20]), 0.5, 1],
  ])('%s', (_, given, q, expected) => {
    expect(histogramQuantile(given, q)).toBeCloseTo(expected, 12);
  });

  it.each([
    ['without any bucket', buckets()],
    ['without the infinite bucket', buckets([1, 10])],
    ['without observations', buckets([1, 0], [INF, 0])],
    ['with nothing but the infinite bucket', buckets([INF, 5])],
  ])('is not known %s', (_, given) => {
    expect(histogramQuantile(given, 0.5)).toBeUndefined();
  });
});
