import type { Outcome } from './outcome.ts';
import { betaI } from './special.ts';

/** Rows of unseen categories, compared with the share of unseen ones the reference itself leads us to expect. */
export type NewCategories = Outcome<{
  unseenCount: number;
  unseenDistinct: number;
  unseenRate: number;
  /** Good-Turing estimate of the mass not seen in the reference. */
  pi0: number;
  p: number;
}>;

/**
 * Tests whether more rows carry unseen categories than the reference makes likely.
 *
 * pi0 = (f1 + 1) / (m + 1), f1 = categories seen exactly once; p = P(Bin(n, pi0) >= U). A feature full of singletons
 * (ids) tolerates new values; a closed vocabulary does not.
 *
 * @param reference  Counts by category; a count of 0 means not seen.
 * @see I. J. Good, The population frequencies of species, Biometrika 40 (1953); default alarm: p at the family's level
 *      and an unseen rate of at least 0.001
 */
export function newCategories(
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
): NewCategories {
  const m = total(reference);
  const n = total(current);
  if (m <= 0 || n <= 0) {
    return {
      status: 'insufficient_data',
      unseenCount: null,
      unseenDistinct: null,
      unseenRate: null,
      pi0: null,
      p: null,
    };
  }
  const unseen = unseenCategories(reference, current);
  const unseenCount = unseen.reduce((sum, category) => sum + category.count, 0);
  const singletons = [...reference.values()].filter((count) => count === 1).length;
  const pi0 = Math.min(1, (singletons + 1) / (m + 1));
  const p = unseenCount === 0 || pi0 === 1 ? 1 : betaI(pi0, unseenCount, n - unseenCount + 1);
  return { status: 'ok', unseenCount, unseenDistinct: unseen.length, unseenRate: unseenCount / n, pi0, p };
}

/** Returns the current categories the reference has not seen, most frequent first, then by name. */
export function unseenCategories(
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
): readonly { readonly name: string; readonly count: number }[] {
  return [...current]
    .filter(([name, count]) => count > 0 && (reference.get(name) ?? 0) <= 0)
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
