import { overdispersedP } from './overdispersed-p.ts';
import { chi2Quantile } from './special.ts';

/** Critical homogeneity statistic at a level, and the corrected PSI it stands for. */
export type MinDetectable = { readonly x2Crit: number; readonly psiMde: number };

/**
 * Computes the smallest corrected PSI that a window flags with about 50 % probability at level `p`.
 *
 * psiMde = (x2Crit - df phi)(1/n + 1/m), x2Crit the statistic whose overdispersed p-value is `p`. Shows how blind a
 * detector is when windows are small or vary a lot.
 *
 * @param input.p  Level of one feature, for example q over the number of features, 0 < p < 1.
 * @returns        x2Crit with a relative error below 1e-9; both 0 when df is 0.
 */
export function minDetectable(input: {
  readonly df: number;
  readonly phi: number;
  readonly v: number;
  readonly n: number;
  readonly m: number;
  readonly p: number;
}): MinDetectable {
  if (input.df <= 0) return { x2Crit: 0, psiMde: 0 };
  const x2Crit = invert(input);
  return { x2Crit, psiMde: (x2Crit - input.df * input.phi) * (1 / input.n + 1 / input.m) };
}

// Secant steps on ln p against ln x2, which is smooth and falling, kept inside a bracket by bisection.
function invert(input: { readonly df: number; readonly phi: number; readonly v: number; readonly p: number }): number {
  const target = Math.log(input.p);
  const excess = (logX: number): number =>
    Math.log(Math.max(Number.MIN_VALUE, overdispersedP({ ...input, x2: Math.exp(logX) }))) - target;
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  let previous = Math.log(Math.max(1e-12, chi2Quantile(1 - input.p, input.df)));
  let atPrevious = excess(previous);
  if (Math.abs(atPrevious) < PRECISION) return Math.exp(previous);
  let current = previous + (atPrevious > 0 ? 0.2 + 0.5 * Math.log(1 + input.df * (input.phi - 1)) : -0.2);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const atCurrent = excess(current);
    for (const [x, value] of [[previous, atPrevious] as const, [current, atCurrent] as const]) {
      if (value >= 0) low = Math.max(low, x);
      if (value <= 0) high = Math.min(high, x);
    }
    if (Math.abs(atCurrent) < PRECISION) break;
    if (high - low < PRECISION) return Math.exp((low + high) / 2);
    const secant = current - (atCurrent * (current - previous)) / (atCurrent - atPrevious);
    previous = current;
    atPrevious = atCurrent;
    current = inside(secant, { low, high, current });
  }
  return Math.exp(current);
}

const MAX_STEPS = 200;
const PRECISION = 1e-9;
const LONGEST_STEP = 3;

function inside(step: number, at: { readonly low: number; readonly high: number; readonly current: number }): number {
  const { low, high, current } = at;
  if (Number.isFinite(low) && Number.isFinite(high)) return step > low && step < high ? step : (low + high) / 2;
  const direction = Number.isFinite(low) ? 1 : -1;
  const length = Math.abs(step - current);
  return current + direction * (Number.isFinite(length) && length > 0 ? Math.min(length, LONGEST_STEP) : 1);
}
