import { type Sample, sortFinite } from './clean.ts';
import type { Outcome, Nulls } from './outcome.ts';
import { walkPooled } from './pooled-walk.ts';

type Numbers = { a2: number; t: number; pInterp: number };

/** Two-sample Anderson-Darling statistic, standardised value and a clipped p-value. */
export type AndersonDarling = Outcome<Numbers> | ({ readonly status: 'degenerate' } & Nulls<Numbers>);

/**
 * Computes the two-sample Anderson-Darling statistic with midranks.
 *
 * T = (A2 - 1) / sigma_N. The p-value is interpolated between tabled points and clipped to [0.001, 0.25], so it never
 * takes part in a verdict. Needs m + n >= 4; `degenerate` when all values are equal.
 *
 * @see F. W. Scholz and M. A. Stephens, K-sample Anderson-Darling tests, J. Am. Stat. Assoc. 82 (1987), equation 7
 */
export function andersonDarling(reference: Sample, current: Sample): AndersonDarling {
  const first = sortFinite(reference);
  const second = sortFinite(current);
  const m = first.length;
  const n = second.length;
  if (m === 0 || n === 0 || m + n < 4) return { status: 'insufficient_data', ...NONE };
  const rows = m + n;
  let weighted = 0;
  let distinct = 0;
  walkPooled(first, second, (_value, at) => {
    distinct += 1;
    const ties = at.atFirst + at.atSecond;
    const below = at.belowFirst + at.belowSecond + ties / 2;
    const room = below * (rows - below) - (rows * ties) / 4;
    const forFirst = (rows * (at.belowFirst + at.atFirst / 2) - below * m) ** 2 / m;
    const forSecond = (rows * (at.belowSecond + at.atSecond / 2) - below * n) ** 2 / n;
    if (room > 0) weighted += ((ties / rows) * (forFirst + forSecond)) / room;
  });
  if (distinct < 2) return { status: 'degenerate', ...NONE };
  const a2 = (weighted * (rows - 1)) / rows;
  const t = (a2 - 1) / Math.sqrt(variance(m, n));
  return { status: 'ok', a2, t, pInterp: interpolate(t) };
}

const NONE = { a2: null, t: null, pInterp: null } as const;

// The variance of A2 for k = 2 samples, equation 4 of the source, with its names.
function variance(m: number, n: number): number {
  const rows = m + n;
  const bigH = 1 / m + 1 / n;
  let h = 1;
  let g = 0;
  let harmonic = 0;
  for (let i = 2; i < rows; i += 1) {
    harmonic += 1 / (rows - i + 1);
    g += harmonic / i;
  }
  h += harmonic;
  const k = 2;
  const a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * bigH;
  const b = (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * bigH - 8 * h + 4 * g - 6;
  const c = (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * bigH + 4 * h;
  const d = (2 * h + 6) * k * k - 4 * h * k;
  return (((a * rows + b) * rows + c) * rows + d) / ((rows - 1) * (rows - 2) * (rows - 3));
}

function interpolate(t: number): number {
  if (t > 6.546) return 0.001;
  if (t < 0.325) return 0.25;
  return Math.exp(0.018198094574111343 * t * t - 1.0082265644652515 * t - 1.077770279820486);
}
