import type { Clock } from './clock.ts';
import { AppError } from './errors.ts';

export interface RetryPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Runs `action` until it succeeds, fails with a fault that is not retryable, or the attempts are used up.
 * Waits with full jitter between attempts. The only place in the program that repeats a failed call.
 *
 * @throws the last fault of `action`
 */
export async function retry<T>(options: {
  readonly action: (attempt: number) => Promise<T>;
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal?: AbortSignal;
  readonly onRetry?: (error: unknown, attempt: number, waitMs: number) => void;
}): Promise<T> {
  const { action, policy, clock, random, signal, onRetry } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action(attempt);
    } catch (error) {
      const again =
        error instanceof AppError && error.retryable && attempt < policy.attempts && signal?.aborted !== true;
      if (!again) throw error;
      const waitMs = random() * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
      onRetry?.(error, attempt, waitMs);
      await (signal === undefined ? clock.sleep(waitMs) : clock.sleep(waitMs, signal));
    }
  }
}
