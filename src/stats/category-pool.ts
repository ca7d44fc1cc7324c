import type { Outcome } from './outcome.ts';
import { applyPooling, poolBins } from './pool-bins.ts';

/** Aligned counts of categories after rare and unseen ones were pooled. */
export type CategoryPool = Outcome<{
  names: readonly string[];
  ref: readonly number[];
  cur: readonly number[];
  otherMergedInto: string | null;
}>;

/** Name of the bin that holds rare and unseen categories. */
export const OTHER = 'OTHER';

/**
 * Aligns category counts of two sides and pools the small ones.
 *
 * Names are compared exactly; '' is a value. See `poolBins` for the rule; ties of the reference count go by name in
 * code-unit order.
 *
 * @param options.nominalRows    Rows a window has in expectation.
 * @param options.minExpected    Default 10.
 * @param options.maxCategories  Default 100.
 */
export function categoryPool(
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
  options: { readonly nominalRows: number; readonly minExpected?: number; readonly maxCategories?: number },
): CategoryPool {
  const aligned = alignCategories(reference, current);
  if (aligned.reference.every((count) => count === 0)) {
    return { status: 'insufficient_data', names: null, ref: null, cur: null, otherMergedInto: null };
  }
  const pooling = poolBins(aligned.reference, aligned.current, {
    nominalRows: options.nominalRows,
    ...(options.minExpected === undefined ? {} : { minExpected: options.minExpected }),
    ...(options.maxCategories === undefined ? {} : { maxBins: options.maxCategories }),
  });
  const names = pooling.kept.map((index) => aligned.names[index] ?? '');
  if (pooling.other !== null) names.push(OTHER);
  return {
    status: 'ok',
    names,
    ref: applyPooling(pooling, aligned.reference),
    cur: applyPooling(pooling, aligned.current),
    otherMergedInto: pooling.mergedInto === null ? null : (aligned.names[pooling.mergedInto] ?? null),
  };
}

/** Returns the counts of both sides over the union of their names, sorted in code-unit order. */
export function alignCategories(
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
): { readonly names: readonly string[]; readonly reference: readonly number[]; readonly current: readonly number[] } {
  const names = [...new Set([...reference.keys(), ...current.keys()])].sort();
  return {
    names,
    reference: names.map((name) => reference.get(name) ?? 0),
    current: names.map((name) => current.get(name) ?? 0),
  };
}
