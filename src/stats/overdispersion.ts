import { sum, sumOver } from './sum.ts';

/** How much more reference windows vary than independent rows would, and how well that is known. */
export type Overdispersion =
  | {
      readonly status: 'ok';
      /** Homogeneity statistic of each window with rows, in order. */
      readonly x2: readonly number[];
      readonly df: number;
      readonly phi: number;
      readonly v: number;
      /** Mean rows a window. */
      readonly nBar: number;
    }
  | {
      readonly status: 'insufficient_data';
      readonly x2: null;
      readonly df: number;
      readonly phi: null;
      readonly v: null;
      readonly nBar: null;
    };

/**
 * Estimates the overdispersion phi of window counts and its degrees of freedom v.
 *
 * X2_w = sum (c_wi - n_w P_i)^2 / (n_w P_i); phi = max(1, sum X2_w / ((W - 1)(B - 1))); r = lag-1 autocorrelation of
 * X2_w, at least 0; v = max(4, W (1 - r) / (1 + r) - 1). Covers autocorrelation, clustered users and hour-to-hour
 * wobble in one number.
 *
 * @param windows  One row of aligned bin counts a window, in time order; windows without rows are left out.
 * @returns        insufficient_data below 3 windows or 2 live bins; below 24 windows phi should be shown with a warning.
 * @see J. N. K. Rao and A. J. Scott, The analysis of categorical data from complex sample surveys, J. Am. Stat. Assoc.
 *      76 (1981), first-order correction
 */
export function overdispersion(windows: readonly (readonly number[])[]): Overdispersion {
  const filled = windows.map((counts) => ({ counts, rows: rowsOf(counts) })).filter((window) => window.rows > 0);
  const total = sumOver(filled.length, (w) => filled[w]?.rows ?? 0);
  const pooled = pool(filled.map((window) => window.counts));
  const live = pooled.map((count, index) => ({ index, share: count / total })).filter((bin) => bin.share > 0);
  const df = Math.max(0, live.length - 1);
  if (filled.length < MIN_WINDOWS || df === 0) {
    return { status: 'insufficient_data', x2: null, df, phi: null, v: null, nBar: null };
  }
  const x2 = filled.map(({ counts, rows }) =>
    sumOver(live.length, (i) => {
      const bin = live[i];
      if (bin === undefined) return 0;
      const expected = rows * bin.share;
      return ((counts[bin.index] ?? 0) - expected) ** 2 / expected;
    }),
  );
  const phi = Math.max(1, sum(x2) / ((filled.length - 1) * df));
  const r = Math.max(0, lagOne(x2));
  const v = Math.max(MIN_FREEDOM, (filled.length * (1 - r)) / (1 + r) - 1);
  return { status: 'ok', x2, df, phi, v, nBar: total / filled.length };
}

/**
 * Returns phi for a window of `n` rows from phi of windows of `nBar` rows.
 *
 * phi up to nBar rows, then 1 + (phi - 1)(n - 1) / (nBar - 1): the intra-class-correlation model, conservative for
 * short-range dependence.
 */
export function phiAt(input: { readonly phi: number; readonly nBar: number; readonly n: number }): number {
  if (input.n <= input.nBar || input.nBar <= 1) return input.phi;
  return 1 + ((input.phi - 1) * (input.n - 1)) / (input.nBar - 1);
}

/** Returns the bin-by-bin sum of window counts. */
export function pool(windows: readonly (readonly number[])[]): number[] {
  const pooled: number[] = [];
  for (const counts of windows) {
    for (let index = 0; index < counts.length; index += 1) pooled[index] = (pooled[index] ?? 0) + (counts[index] ?? 0);
  }
  return pooled;
}

/** Returns the rows of a window: the sum of its counts, exact for whole numbers. */
export function rowsOf(counts: readonly number[]): number {
  let rows = 0;
  for (let index = 0; index < counts.length; index += 1) rows += counts[index] ?? 0;
  return rows;
}

const MIN_WINDOWS = 3;
const MIN_FREEDOM = 4;

function lagOne(series: readonly number[]): number {
  const mean = sum(series) / series.length;
  const deviation = (index: number): number => (series[index] ?? mean) - mean;
  const variance = sumOver(series.length, (i) => deviation(i) ** 2);
  if (variance === 0) return 0;
  return sumOver(series.length - 1, (i) => deviation(i) * deviation(i + 1)) / variance;
}
