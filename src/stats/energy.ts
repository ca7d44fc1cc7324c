import { type Sample, sortFinite } from './clean.ts';
import { integrateGap } from './wasserstein.ts';

/** Squared energy distance and its square root. */
export type Energy =
  | { readonly status: 'ok'; readonly energySq: number; readonly energy: number }
  | { readonly status: 'insufficient_data' | 'overflow'; readonly energySq: null; readonly energy: null };

/**
 * Computes the energy distance by its one-dimensional identity D^2 = 2 integral (F - G)^2 dx.
 *
 * D^2 = 2 E|X - Y| - E|X - X'| - E|Y - Y'|, here in linear time after sorting. Units: energy is in square roots of x.
 *
 * @see G. Szekely and M. Rizzo, Energy statistics: a class of statistics based on distances, J. Stat. Plan. Inference
 *      143 (2013)
 */
export function energy(reference: Sample, current: Sample): Energy {
  const first = sortFinite(reference);
  const second = sortFinite(current);
  if (first.length === 0 || second.length === 0) return { status: 'insufficient_data', energySq: null, energy: null };
  const { unit, area } = integrateGap(first, second, (gap) => gap * gap);
  const energySq = 2 * area * unit;
  if (!Number.isFinite(energySq)) return { status: 'overflow', energySq: null, energy: null };
  return { status: 'ok', energySq, energy: Math.sqrt(energySq) };
}
