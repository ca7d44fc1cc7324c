import { fisherExact } from './fisher-exact.ts';
import type { Outcome } from './outcome.ts';
import { erfc, normalUpper } from './special.ts';

/** Events among trials, 0 <= k <= n. */
export type Events = { readonly k: number; readonly n: number };

/** Rates, difference (current minus reference), pooled z, p-values and the Newcombe interval of the difference. */
export type TwoProportion = Outcome<
  {
    rateRef: number;
    rateCur: number;
    diff: number;
    z: number;
    p: number;
    pUpper: number;
    pFisher: number | null;
    ciLow: number;
    ciHigh: number;
  },
  'ok' | 'degenerate'
>;

/**
 * Compares two rates: pooled z test, one-sided p for a rise, Newcombe-Wilson interval, Fisher's exact p for small tables.
 *
 * z = (q - p) / sqrt(phi r (1 - r) (1/m + 1/n)), r the pooled rate. The interval uses Wilson limits of both rates with
 * the trials divided by phi. `degenerate` (pooled rate 0 or 1) has z = 0 and p = 1.
 *
 * @param options.phi  Overdispersion of the rate between windows, >= 1; 1 means independent rows.
 * @returns            pFisher is null above 2000 trials or when phi > 1 (it has no such correction).
 * @see R. G. Newcombe, Interval estimation for the difference between independent proportions, Stat. Med. 17 (1998),
 *      method 10; default alarm: p at the family's level, |diff| >= 0.01 and an interval that excludes 0
 */
export function twoProportion(
  reference: Events,
  current: Events,
  options: { readonly phi?: number } = {},
): TwoProportion {
  if (reference.n <= 0 || current.n <= 0) return NONE;
  const phi = options.phi ?? 1;
  const rateRef = reference.k / reference.n;
  const rateCur = current.k / current.n;
  const diff = rateCur - rateRef;
  const pooled = (reference.k + current.k) / (reference.n + current.n);
  const small = reference.n + current.n <= FISHER_MAX_TRIALS && phi === 1;
  const shared = { rateRef, rateCur, diff, ...newcombe(reference, current, phi) };
  const pFisher = small ? fisherExact(reference, current) : null;
  if (pooled <= 0 || pooled >= 1) return { status: 'degenerate', ...shared, z: 0, p: 1, pUpper: 1, pFisher };
  const z = diff / Math.sqrt(phi * pooled * (1 - pooled) * (1 / reference.n + 1 / current.n));
  return { status: 'ok', ...shared, z, p: erfc(Math.abs(z) / Math.SQRT2), pUpper: normalUpper(z), pFisher };
}

const FISHER_MAX_TRIALS = 2000;
const Z_95 = 1.959963984540054;
const NONE = {
  status: 'insufficient_data',
  rateRef: null,
  rateCur: null,
  diff: null,
  z: null,
  p: null,
  pUpper: null,
  pFisher: null,
  ciLow: null,
  ciHigh: null,
} as const;

function newcombe(
  reference: Events,
  current: Events,
  phi: number,
): { readonly ciLow: number; readonly ciHigh: number } {
  const a = wilson(reference, phi);
  const b = wilson(current, phi);
  const diff = b.rate - a.rate;
  return {
    ciLow: diff - Math.hypot(b.rate - b.low, a.high - a.rate),
    ciHigh: diff + Math.hypot(b.high - b.rate, a.rate - a.low),
  };
}

function wilson(events: Events, phi: number): { readonly rate: number; readonly low: number; readonly high: number } {
  const n = events.n / phi;
  const rate = events.k / events.n;
  const square = Z_95 * Z_95;
  const center = rate + square / (2 * n);
  const half = Z_95 * Math.sqrt((rate * (1 - rate)) / n + square / (4 * n * n));
  const scale = 1 + square / n;
  return { rate, low: Math.max(0, (center - half) / scale), high: Math.min(1, (center + half) / scale) };
}
