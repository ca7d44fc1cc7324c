import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';

/**
 * Waits for `promise`, but not for ever: whatever becomes of it after `ms` milliseconds, or once the signal has
 * aborted, is of no interest.
 *
 * @throws E_KAFKA_TIMEOUT, retryable, when the time is over or the signal aborts; the fault of `promise`
 */
export async function withTimeLimit<T>(
  promise: Promise<T>,
  options: { readonly what: string; readonly ms: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  const { what, ms, clock, signal } = options;
  const over = new AbortController();
  const limit = clock.sleep(ms, AbortSignal.any([signal, over.signal])).then((): never => {
    throw new AppError('E_KAFKA_TIMEOUT', `Kafka did not ${what} within ${ms / 1000} seconds.`, { retryable: true });
  });
  limit.catch(ignore);
  promise.catch(ignore);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    over.abort();
  }
}

/** The loser of a race has nobody left to tell. */
function ignore(): void {}
