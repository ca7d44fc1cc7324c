const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Shape of a duration in rules: a whole number and one unit, for example `30s`, `5m`, `1h` or `2d`. */
export const DURATION_PATTERN = /^(\d{1,7})([smhd])$/;

/** Returns the milliseconds of a duration such as `5m`, or undefined when the text is not one. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return unitMs === undefined ? undefined : Number(match?.[1]) * unitMs;
}

/** Returns a duration in the largest unit that holds it without a rest, for example `90m` for 5,400,000 ms. */
export function formatDuration(durationMs: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const unitMs = UNIT_MS[unit] ?? 1;
    if (durationMs > 0 && durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${Math.round(durationMs / 1000)}s`;
}
