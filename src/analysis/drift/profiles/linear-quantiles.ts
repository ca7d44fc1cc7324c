/** Returns the order statistics that linear quantiles of `n` values lie between, counted from 0, ascending. */
export function linearRanks(n: number, probabilities: readonly number[]): readonly number[] {
  if (n === 0) return [];
  const ranks = probabilities.flatMap((probability) => {
    const low = Math.floor((n - 1) * probability);
    return [low, Math.min(n - 1, low + 1)];
  });
  return [...new Set(ranks)].sort((a, b) => a - b);
}

/**
 * Computes the distinct linear quantiles (type 7) of `n` values, with numpy's rounding, so that edges are the same doubles.
 *
 * @param at  Order statistic of a rank counted from 0.
 * @see R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, Am. Stat. 50 (1996), type 7
 */
export function uniqueLinearQuantiles(
  n: number,
  probabilities: readonly number[],
  at: (rank: number) => number,
): readonly number[] {
  if (n === 0) return [];
  const values = probabilities.map((probability) => {
    const position = (n - 1) * probability;
    const low = Math.floor(position);
    const share = position - low;
    const from = at(low);
    const to = at(Math.min(n - 1, low + 1));
    // From the nearer end, as numpy does: the result is then exact at both ends.
    return share >= 0.5 ? to - (to - from) * (1 - share) : from + (to - from) * share;
  });
  return [...new Set(values)].sort((a, b) => a - b);
}
