import type { SignalRange } from './rule.ts';

const HOUR_MS = 3_600_000;
/** Shorter ranges are read by minutes: two more reads would cost more than they save. */
const LONG_MS = 12 * HOUR_MS;

/** Returns whether a range is read by hours where it can be: its largest value, over many hours up to the minute. */
export function isReadByHours({ aggregate, durationMs, offsetMs = 0 }: SignalRange): boolean {
  return aggregate === 'max' && offsetMs === 0 && durationMs >= LONG_MS;
}

/**
 * Returns the full hours that the range of every minute from `fromMs` (inclusive) to `toMs` (exclusive) holds wholly, or
 * undefined when there are none or the range is not read by hours.
 */
export function wholeHoursOf(
  range: SignalRange | undefined,
  minutes: { readonly fromMs: number; readonly toMs: number },
): { readonly fromMs: number; readonly toMs: number } | undefined {
  if (range === undefined || !isReadByHours(range)) return undefined;
  const fromMs = Math.max(0, Math.ceil((minutes.toMs - range.durationMs) / HOUR_MS) * HOUR_MS);
  const toMs = Math.floor(minutes.fromMs / HOUR_MS) * HOUR_MS;
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}
