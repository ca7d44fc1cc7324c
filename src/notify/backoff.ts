import type { FailureReason } from './notifier.ts';

const BASE_MS: Readonly<Record<FailureReason, number>> = {
  auth: 2000,
  client: 2000,
  server: 2000,
  timeout: 2000,
  // Receivers that count calls per minute want to be left alone for longer.
  rate_limited: 30_000,
};
const CAP_MS = 300_000;
const RETRY_AFTER_CAP_MS = 900_000;

/**
 * Returns how long to wait before the next attempt, in ms: doubles from attempt to attempt up to five minutes, spread
 * over its upper half, and never shorter than the receiver asked for (up to a quarter of an hour).
 *
 * @param failure.attempts  Attempts made so far, at least 1.
 */
export function backoffMs(
  failure: { readonly attempts: number; readonly reason: FailureReason; readonly retryAfterMs?: number },
  random: () => number,
): number {
  const fullMs = Math.min(CAP_MS, BASE_MS[failure.reason] * 2 ** Math.min(20, failure.attempts - 1));
  const askedMs = Math.min(RETRY_AFTER_CAP_MS, failure.retryAfterMs ?? 0);
  return Math.round(Math.max(askedMs, (fullMs * (1 + random())) / 2));
}
