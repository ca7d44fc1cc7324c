/** The e-CUSUM path and where the first alarm is. */
export type ECusumResult = {
  /** Evidence against "nothing has changed yet", >= 0; saturates at the largest double. */
  readonly e: readonly number[];
  /** First index whose evidence reaches the threshold; null when none does. */
  readonly alarmIndex: number | null;
};

/**
 * Computes the e-CUSUM of a series of p-values: e_t = kappa p_t^(kappa - 1), M_t = max(M_(t-1), 1) e_t.
 *
 * The mean time to a false alarm is at least `threshold` windows when each p is valid given the past. It detects small
 * persistent shifts and has no effect floor: report it as a trend, do not page on it.
 *
 * @param pValues             One p a window, the smallest adjusted p of the model; null holds the state.
 * @param settings.kappa      Calibrator exponent in (0, 1]; 0.5 by default.
 * @param settings.threshold  Windows per budget period, for example 720 hourly windows for one false alarm a month.
 * @see V. Vovk and R. Wang, E-values: calibration, combination and applications, Annals of Statistics 49 (2021)
 * @see J. Shin, A. Ramdas and A. Rinaldo, E-detectors: a nonparametric framework for sequential change detection, 2023
 */
export function eCusum(
  pValues: readonly (number | null)[],
  settings: { readonly kappa?: number; readonly threshold: number },
): ECusumResult {
  const { kappa = 0.5, threshold } = settings;
  const e: number[] = [];
  let evidence = 0;
  for (const p of pValues) {
    if (p !== null && !Number.isNaN(p)) {
      const clipped = Math.min(1, Math.max(SMALLEST_P, p));
      evidence = Math.min(Number.MAX_VALUE, Math.max(evidence, 1) * kappa * clipped ** (kappa - 1));
    }
    e.push(evidence);
  }
  const alarm = e.findIndex((value) => value >= threshold);
  return { e, alarmIndex: alarm === -1 ? null : alarm };
}

/** A p-value of 0 is an underflow, not certainty. */
const SMALLEST_P = 1e-300;
