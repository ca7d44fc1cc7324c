/** How fine ordinal bins become the bins of PSI and chi-square. */
export type GroupRule =
  /** Sums every `every` neighbouring fine bins. */
  | { readonly every: number }
  /** Sums neighbouring fine bins to about `bins` bins of equal reference mass. */
  | { readonly bins: number };

/**
 * Returns the group of each fine bin, counted from 0.
 *
 * By mass, group j ends at the fine bin that holds the reference row of rank ceil(m j / B): the edges are type-1
 * quantiles snapped to fine edges, and an atom keeps a group of its own.
 *
 * @param reference  Fine reference counts; the grouping is frozen with the reference.
 */
export function groupBins(reference: readonly number[], rule: GroupRule): number[] {
  if ('every' in rule) return reference.map((_, index) => Math.floor(index / Math.max(1, rule.every)));
  let total = 0;
  for (const count of reference) total += count;
  const rankOf = (edge: number): number => Math.floor((total * edge + rule.bins - 1) / rule.bins);
  let group = 0;
  let edge = 1;
  let reached = 0;
  return reference.map((count) => {
    const mine = group;
    reached += count;
    const closes = edge < rule.bins && reached >= rankOf(edge) && total > 0;
    while (edge < rule.bins && reached >= rankOf(edge)) edge += 1;
    if (closes) group += 1;
    return mine;
  });
}

/** Returns the counts summed by group. */
export function sumGroups(groups: readonly number[], counts: readonly number[]): number[] {
  const sums = Array<number>((groups.at(-1) ?? -1) + 1).fill(0);
  for (let index = 0; index < groups.length; index += 1) {
    const group = groups[index] ?? 0;
    sums[group] = (sums[group] ?? 0) + (counts[index] ?? 0);
  }
  return sums;
}
