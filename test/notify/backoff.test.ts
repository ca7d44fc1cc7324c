import { expect, test } from 'vitest';
import { backoffMs } from '../../src/notify/backoff.ts';

test.each([
  [1, 'server', 0, 1000],
  [1, 'server', 0.999_999, 2000],
  [2, 'timeout', 0.5, 3000],
  [5, 'server', 0.5, 24_000],
  [100, 'server', 0, 150_000],
  [100, 'server', 0.999_999, 300_000],
  [1, 'rate_limited', 0, 15_000],
  [4, 'rate_limited', 0.999_999, 240_000],
] as const)('attempt %i that failed by %s waits, at random %d, %i ms', (attempts, reason, random, expected) => {
  expect(backoffMs({ attempts, reason }, () => random)).toBe(expected);
});

test('the wait is at least what the receiver asked for, up to a quarter of an hour', () => {
  expect(backoffMs({ attempts: 1, reason: 'rate_limited', retryAfterMs: 120_000 }, () => 0)).toBe(120_000);
  expect(backoffMs({ attempts: 1, reason: 'rate_limited', retryAfterMs: 86_400_000 }, () => 0)).toBe(900_000);
});
