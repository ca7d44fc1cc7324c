import { binCounts } from '../bin-counts.ts';
import { alignCategories } from '../category-pool.ts';
import { quantileEdges } from '../quantile-edges.ts';
import { decodeCategories, decodeCounts, decodeFinite, hasKey, isValues, numberParam, numbersParam } from './input.ts';
import type { VectorInput } from './types.ts';

/** Returns both sides of a case as aligned counts: given, of categories, or of values in bins of the reference. */
export function alignedCounts(input: VectorInput): {
  readonly reference: readonly number[];
  readonly current: readonly number[];
} {
  if (hasKey(input.reference, 'counts')) {
    return { reference: decodeCounts(input.reference), current: decodeCounts(input.current) };
  }
  if (!isValues(input.reference)) {
    return alignCategories(decodeCategories(input.reference), decodeCategories(input.current));
  }
  const reference = decodeFinite(input.reference);
  const edges = numbersParam(input, 'edges') ?? quantileEdges(reference, numberParam(input, 'bins', 10)).edges ?? [];
  return { reference: binCounts(reference, edges), current: binCounts(decodeFinite(input.current), edges) };
}
