import { chi2 } from '../../../src/stats/chi2.ts';
import { sumGroups } from '../../../src/stats/group-bins.ts';
import { jsDistance } from '../../../src/stats/js-distance.ts';
import { ksBinned } from '../../../src/stats/ks-binned.ts';
import { kolmogorovUpper } from '../../../src/stats/ks-p-value.ts';
import { benjaminiHochberg } from '../../../src/stats/multiplicity.ts';
import { psi } from '../../../src/stats/psi.ts';
import type { Look } from './watched.ts';

/** The rules that other tools ship with, against a fixed sample of 50 000 reference rows. */
export const NAIVE_RULES = ['PSI>0.2', 'PSI>0.1', 'JS>0.1', 'KS p<.05', 'KS BH .05'] as const;

/** Name of a naive rule. */
export type NaiveRule = (typeof NAIVE_RULES)[number];

/** The p-value of a window (Kolmogorov-Smirnov for numbers, chi-square for categories) and the rules on one feature. */
export type NaiveLook = {
  readonly p: number;
  readonly hits: Readonly<Record<Exclude<NaiveRule, 'KS BH .05'>, boolean>>;
};

/** Applies the rules that look at one feature alone. */
export function naiveLook({ naive }: Look): NaiveLook {
  const reference = sumGroups(naive.groups, naive.reference);
  const current = sumGroups(naive.groups, naive.current);
  const index = psi(reference, current, { mode: 'epsilon' }).psi ?? 0;
  const p = naive.kind === 'ordinal' ? ksP(naive) : (chi2(naive.reference, naive.current).p ?? 1);
  return {
    p,
    hits: {
      'PSI>0.2': index > 0.2,
      'PSI>0.1': index > 0.1,
      'JS>0.1': (jsDistance(reference, current).distance ?? 0) > 0.1,
      'KS p<.05': p < NAIVE_ALPHA,
    },
  };
}

/** Returns which p-values survive Benjamini-Hochberg at 0.05. */
export function naiveRejections(pValues: readonly number[]): readonly boolean[] {
  return benjaminiHochberg(pValues, NAIVE_ALPHA).rejected;
}

const NAIVE_ALPHA = 0.05;

function ksP({ reference, current }: Look['naive']): number {
  const m = total(reference);
  const n = total(current);
  return kolmogorovUpper(Math.sqrt((m * n) / (m + n)) * (ksBinned(reference, current).dLower ?? 0));
}

function total(counts: readonly number[]): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
