/** Adjusted p-values and decisions, in the order given; null where there was no p-value. */
export type Adjusted = { readonly adjusted: readonly (number | null)[]; readonly rejected: readonly boolean[] };

/**
 * Adjusts p-values so that rejecting `adjusted <= q` keeps the expected share of false rejections at most q.
 *
 * adjusted_(i) = min over j >= i of p_(j) F / j, F the number of p-values that are not null. Valid for independent and
 * positively dependent tests. Without any drift, the chance of one rejection or more is at most q.
 *
 * @see Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, J. R. Stat. Soc. B 57 (1995)
 */
export function benjaminiHochberg(pValues: readonly (number | null)[], q: number): Adjusted {
  return adjust(pValues, q, () => 1);
}

/**
 * Adjusts p-values as `benjaminiHochberg` does but for any dependence, at the cost of a factor sum 1/i.
 *
 * @see Y. Benjamini and D. Yekutieli, The control of the false discovery rate under dependency, Ann. Stat. 29 (2001)
 */
export function benjaminiYekutieli(pValues: readonly (number | null)[], q: number): Adjusted {
  return adjust(pValues, q, (tests) => {
    let harmonic = 0;
    for (let i = 1; i <= tests; i += 1) harmonic += 1 / i;
    return harmonic;
  });
}

function adjust(pValues: readonly (number | null)[], q: number, factor: (tests: number) => number): Adjusted {
  const tested = pValues
    .flatMap((p, index) => (p === null ? [] : [{ p, index }]))
    .sort((a, b) => a.p - b.p || a.index - b.index);
  const cost = factor(tested.length) * tested.length;
  const adjusted: (number | null)[] = pValues.map(() => null);
  let smallest = 1;
  for (let rank = tested.length; rank >= 1; rank -= 1) {
    const entry = tested[rank - 1];
    if (entry === undefined) continue;
    smallest = Math.min(smallest, (entry.p * cost) / rank);
    adjusted[entry.index] = smallest;
  }
  return { adjusted, rejected: adjusted.map((value) => value !== null && value <= q) };
}
