import { standardise } from './moments.ts';
import { sum } from './sum.ts';

/** The finite values of a series, centred and summed up, so that any segment's squared error costs O(1). */
export type Segments = {
  readonly length: number;
  /** Values were divided by this power of two. */
  readonly scale: number;
  /** Index in the series of the i-th finite value. */
  readonly position: (i: number) => number;
  /** Sum of squared deviations from the mean of finite values start..end-1, scaled. */
  readonly squaredError: (start: number, end: number) => number;
  /** Sum of the centred, scaled finite values start..end-1. */
  readonly total: (start: number, end: number) => number;
};

/** Returns prefix sums of a series; values that are not finite are left out but keep their place in the index. */
export function segments(series: readonly number[]): Segments {
  const positions = series.flatMap((value, i) => (Number.isFinite(value) ? [i] : []));
  const { reference: scaled, scale } = standardise(
    Float64Array.from(series.filter(Number.isFinite)),
    new Float64Array(0),
  );
  const mean = scaled.length === 0 ? 0 : sum(scaled) / scaled.length;
  const first = new Float64Array(scaled.length + 1);
  const second = new Float64Array(scaled.length + 1);
  scaled.forEach((value, i) => {
    first[i + 1] = (first[i] ?? 0) + (value - mean);
    second[i + 1] = (second[i] ?? 0) + (value - mean) ** 2;
  });
  const total = (start: number, end: number): number => (first[end] ?? 0) - (first[start] ?? 0);
  return {
    length: scaled.length,
    scale,
    position: (i) => positions[i] ?? i,
    total,
    squaredError: (start, end) =>
      Math.max(0, (second[end] ?? 0) - (second[start] ?? 0) - total(start, end) ** 2 / (end - start)),
  };
}

/** Differences below this share of the whole squared error are rounding, so they count as ties. */
export const TIE_SHARE = 1e-12;
