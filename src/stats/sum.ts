import { sum as kahanBabuska } from 'simple-statistics';

/**
 * Computes the sum of finite numbers with Neumaier's compensation.
 *
 * @see A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, ZAMM 54 (1974)
 */
export function sum(values: Iterable<number>): number {
  return kahanBabuska([...values]);
}

/** Computes the sum of `term(i)` for 0 <= i < n with compensation, without an intermediate array. */
export function sumOver(n: number, term: (index: number) => number): number {
  let total = 0;
  let lost = 0;
  for (let index = 0; index < n; index += 1) {
    const value = term(index);
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}
