import { StatsError } from '../core/errors.ts';

/** Which of two series moves first, and whether that is more than both being autocorrelated. */
export type LagTestResult = {
  readonly status: 'ok' | 'degenerate' | 'insufficient_data';
  /** Spearman correlations at lags -maxLag..maxLag; null where a side is constant. */
  readonly rhos: readonly (number | null)[];
  /** Lag of the largest |rho| in steps; positive means the first series leads. */
  readonly lag: number | null;
  readonly rho: number | null;
  /** Share of circular shifts with a largest |rho| as large; says "co-moves", never "caused by". */
  readonly p: number | null;
};

/** Correlations that differ by less are ties. */
const TIE = 1e-12;

/**
 * Computes the lag at which two series correlate most, with a deterministic circular-shift p-value.
 *
 * All shifts s with maxLag < s < n - maxLag of the second series keep its autocorrelation and break its relation to the
 * first. Deseasonalise both series first and give at least 48 points. Costs O(n^2 maxLag); hourly series are meant.
 *
 * @param first   Values at equal steps; null or not finite is a gap, and a pair with a gap is left out.
 * @param second  Values at the same steps.
 * @param maxLag  Largest lag in steps.
 * @throws E_STATS_SHAPE      when the lengths differ.
 * @throws E_STATS_PARAMETER  when maxLag is not a whole number >= 0.
 * @see K. D. Harris, A shift test for independence in generic time series, arXiv 2012.06862 (2020)
 * @see C. Spearman, The proof and measurement of association between two things, Am. J. Psychology 15 (1904)
 */
export function lagTest(
  first: readonly (number | null)[],
  second: readonly (number | null)[],
  maxLag: number,
): LagTestResult {
  if (first.length !== second.length) {
    throw new StatsError('E_STATS_SHAPE', 'The lag test needs two series over the same steps.');
  }
  if (!Number.isInteger(maxLag) || maxLag < 0) {
    throw new StatsError('E_STATS_PARAMETER', 'The largest lag must be a whole number of steps, 0 or more.');
  }
  const n = first.length;
  const lags = Array.from({ length: 2 * maxLag + 1 }, (_, i) => i - maxLag);
  const shifts = n - 2 * maxLag - 1;
  if (shifts < 1) {
    return { status: 'insufficient_data', rhos: lags.map(() => null), lag: null, rho: null, p: null };
  }
  const correlate = spearmanAt(denseRanks(first), denseRanks(second));
  const rhos = lags.map((lag) => correlate(lag, 0));
  const best = strongest(rhos);
  if (best === undefined) return { status: 'degenerate', rhos, lag: null, rho: null, p: null };
  let asStrong = 0;
  for (let shift = maxLag + 1; shift <= n - maxLag - 1; shift += 1) {
    const other = strongest(lags.map((lag) => correlate(lag, shift)));
    if (other !== undefined && Math.abs(other.rho) >= Math.abs(best.rho) - TIE) asStrong += 1;
  }
  return { status: 'ok', rhos, lag: best.index - maxLag, rho: best.rho, p: (1 + asStrong) / (1 + shifts) };
}

function strongest(rhos: readonly (number | null)[]): { readonly index: number; readonly rho: number } | undefined {
  let best: { readonly index: number; readonly rho: number } | undefined;
  rhos.forEach((rho, index) => {
    if (rho !== null && (best === undefined || Math.abs(rho) > Math.abs(best.rho) + TIE)) best = { index, rho };
  });
  return best;
}

/** Returns the rank of each value among the distinct values, from 0; -1 marks a gap. */
function denseRanks(values: readonly (number | null)[]): Int32Array {
  const finite = values.map((value) => (value !== null && Number.isFinite(value) ? value + 0 : undefined));
  const distinct = [...new Set(finite.filter((value) => value !== undefined))].sort((a, b) => a - b);
  const rank = new Map(distinct.map((value, i) => [value, i]));
  return Int32Array.from(finite, (value) => (value === undefined ? -1 : (rank.get(value) ?? -1)));
}

/** Returns Spearman's rho of x[t] and y[(t + lag + shift) mod n] over the t for which t + lag is inside the series. */
function spearmanAt(x: Int32Array, y: Int32Array): (lag: number, shift: number) => number | null {
  const n = x.length;
  const countsX = new Float64Array(n);
  const countsY = new Float64Array(n);
  return (lag, shift) => {
    countsX.fill(0);
    countsY.fill(0);
    const start = Math.max(0, -lag);
    const end = n - Math.max(0, lag);
    const offset = lag + shift + n;
    let pairs = 0;
    for (let t = start; t < end; t += 1) {
      const a = x[t] ?? -1;
      const b = y[(t + offset) % n] ?? -1;
      if (a < 0 || b < 0) continue;
      countsX[a] = (countsX[a] ?? 0) + 1;
      countsY[b] = (countsY[b] ?? 0) + 1;
      pairs += 1;
    }
    const spreadX = toCentredRanks(countsX, pairs);
    const spreadY = toCentredRanks(countsY, pairs);
    if (spreadX === 0 || spreadY === 0) return null;
    let product = 0;
    for (let t = start; t < end; t += 1) {
      const a = x[t] ?? -1;
      const b = y[(t + offset) % n] ?? -1;
      if (a >= 0 && b >= 0) product += (countsX[a] ?? 0) * (countsY[b] ?? 0);
    }
    return product / Math.sqrt(spreadX * spreadY);
  };
}

/** Replaces counts by midranks minus their mean and returns the sum of squares; all are exact in doubles. */
function toCentredRanks(counts: Float64Array, pairs: number): number {
  let below = 0;
  let spread = 0;
  for (let i = 0; i < counts.length; i += 1) {
    const count = counts[i] ?? 0;
    const centred = below + count / 2 - pairs / 2;
    spread += count * centred * centred;
    counts[i] = centred;
    below += count;
  }
  return spread;
}
