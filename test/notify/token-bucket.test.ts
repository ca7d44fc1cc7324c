import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/notify/token-bucket.ts';

test('a bucket gives its burst at once and then one token after the other', () => {
  const bucket = new TokenBucket({ perSecond: 2, burst: 3, nowMs: 0 });
  expect([0, 0, 0, 0].map((nowMs) => bucket.take(nowMs))).toEqual([0, 0, 0, 500]);
  expect(bucket.take(499)).toBe(1);
  expect(bucket.take(500)).toBe(0);
  expect(bucket.take(500)).toBe(500);
});

test('a bucket never holds more than its burst, and time going back gives nothing', () => {
  const bucket = new TokenBucket({ perSecond: 2, burst: 2, nowMs: 0 });
  expect([0, 0].map((nowMs) => bucket.take(nowMs))).toEqual([0, 0]);
  expect(bucket.take(-5000)).toBe(500);
  expect([3_600_000, 3_600_000, 3_600_000].map((nowMs) => bucket.take(nowMs))).toEqual([0, 0, 500]);
});
