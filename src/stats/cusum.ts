import { saturate } from './scale.ts';

/** Both CUSUM paths and where the first alarm is. */
export type CusumResult = {
  readonly upper: readonly number[];
  readonly lower: readonly number[];
  /** First index whose path exceeds h; null when none does. */
  readonly alarmIndex: number | null;
};

/**
 * Computes the tabular CUSUM of a standardised series: S+ = max(0, S+ + z - k), S- = max(0, S- - z - k).
 *
 * @param series            Standardised values; null or not finite holds the state.
 * @param settings.k        Allowance in sd, half the shift to detect; 0.5 is usual.
 * @param settings.h        Decision interval in sd; 5 gives one false alarm in 938 points on each side.
 * @param settings.twoSided Whether the lower path may raise the alarm too; true by default.
 * @see E. S. Page, Continuous inspection schemes, Biometrika 41 (1954)
 */
export function cusum(
  series: readonly (number | null)[],
  settings: { readonly k: number; readonly h: number; readonly twoSided?: boolean },
): CusumResult {
  const { k, h, twoSided = true } = settings;
  const upper: number[] = [];
  const lower: number[] = [];
  let up = 0;
  let down = 0;
  for (const z of series) {
    if (z !== null && Number.isFinite(z)) {
      up = Math.max(0, saturate(up + z - k));
      down = Math.max(0, saturate(down - z - k));
    }
    upper.push(up);
    lower.push(down);
  }
  const alarm = upper.findIndex((value, i) => value > h || (twoSided && (lower[i] ?? 0) > h));
  return { upper, lower, alarmIndex: alarm === -1 ? null : alarm };
}
