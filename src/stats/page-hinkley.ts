import { saturate } from './scale.ts';

/** The Page-Hinkley path and where the first alarm is. */
export type PageHinkleyResult = {
  readonly ph: readonly number[];
  /** First index whose value exceeds lambda; null when none does. */
  readonly alarmIndex: number | null;
};

/**
 * Computes the Page-Hinkley test for an increase of the mean: m += x - mean - delta, PH = m - min m.
 *
 * The running mean takes in x before x is compared with it.
 *
 * @param series           Values, for example errors; null or not finite holds the state.
 * @param settings.delta   Increase that is tolerated, in the unit of the values.
 * @param settings.lambda  Threshold of the cumulated excess.
 * @see D. V. Hinkley, Inference about the change-point from cumulative sum tests, Biometrika 58 (1971)
 */
export function pageHinkley(
  series: readonly (number | null)[],
  settings: { readonly delta: number; readonly lambda: number },
): PageHinkleyResult {
  const ph: number[] = [];
  let seen = 0;
  let mean = 0;
  let cumulated = 0;
  let least = Number.MAX_VALUE;
  let current = 0;
  for (const x of series) {
    if (x !== null && Number.isFinite(x)) {
      seen += 1;
      mean += saturate(x - mean) / seen;
      cumulated = saturate(cumulated + saturate(x - mean - settings.delta));
      least = Math.min(least, cumulated);
      current = saturate(cumulated - least);
    }
    ph.push(current);
  }
  const alarm = ph.findIndex((value) => value > settings.lambda);
  return { ph, alarmIndex: alarm === -1 ? null : alarm };
}
