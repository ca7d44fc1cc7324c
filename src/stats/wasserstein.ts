import { type Sample, sortFinite } from './clean.ts';
import { moments, powerOfTwoBelow, standardise } from './moments.ts';
import { walkPooled } from './pooled-walk.ts';

/** Wasserstein-1 distance in units of x and in standard deviations of the reference. */
export type Wasserstein =
  | { readonly status: 'ok'; readonly w1: number; readonly scale: number; readonly w1Scaled: number }
  | { readonly status: 'degenerate'; readonly w1: number; readonly scale: number; readonly w1Scaled: null }
  | {
      readonly status: 'insufficient_data' | 'overflow';
      readonly w1: null;
      readonly scale: null;
      readonly w1Scaled: null;
    };

/**
 * Computes W1 = integral |F_ref - F_cur| dx exactly over the pooled values.
 *
 * W1 is at least the difference of the means. Without drift its expectation is about 1.29 sqrt(1/n + 1/m) / 2 standard
 * deviations for normal data, so a fixed threshold of 0.1 is a coin flip for small windows.
 *
 * @returns  scale = sample standard deviation of the reference; `degenerate` when it is 0 (w1 is still given);
 *           `overflow` when a result does not fit a double.
 * @see L. N. Vaserstein, Markov processes over denumerable products of spaces, Probl. Inf. Transm. 5 (1969)
 */
export function wasserstein(reference: Sample, current: Sample): Wasserstein {
  const first = sortFinite(reference);
  const second = sortFinite(current);
  if (first.length === 0 || second.length === 0) return { status: 'insufficient_data', ...NONE };
  const { unit, area } = integrateGap(first, second, (gap) => Math.abs(gap));
  const both = standardise(first, second);
  const sd = Math.sqrt(moments(both.reference).variance);
  const w1 = area * unit;
  const scale = sd * both.scale;
  if (!Number.isFinite(w1) || !Number.isFinite(scale)) return { status: 'overflow', ...NONE };
  if (scale === 0) return { status: 'degenerate', w1, scale, w1Scaled: null };
  const w1Scaled = (area * (unit / both.scale)) / sd;
  if (!Number.isFinite(w1Scaled)) return { status: 'overflow', ...NONE };
  return { status: 'ok', w1, scale, w1Scaled };
}

/**
 * Integrates weight(F_ref - F_cur) over x for two sorted samples.
 *
 * @returns  the integral is area * unit; unit is a power of two, so that widths of 2e308 do not overflow.
 */
export function integrateGap(
  first: Float64Array,
  second: Float64Array,
  weight: (gap: number) => number,
): { readonly area: number; readonly unit: number } {
  const largest = Math.max(...[first[0], first.at(-1), second[0], second.at(-1)].map((value) => Math.abs(value ?? 0)));
  const unit = powerOfTwoBelow(largest);
  const cells = first.length * second.length;
  let area = 0;
  let lost = 0;
  let previous = 0;
  let gap = 0;
  walkPooled(first, second, (value, at) => {
    const scaled = value / unit;
    if (gap !== 0) {
      const term = weight(gap / cells) * (scaled - previous);
      const next = area + term;
      lost += area >= term ? area - next + term : term - next + area;
      area = next;
    }
    gap = (at.belowFirst + at.atFirst) * second.length - (at.belowSecond + at.atSecond) * first.length;
    previous = scaled;
  });
  return { area: area + lost, unit };
}

const NONE = { w1: null, scale: null, w1Scaled: null } as const;
