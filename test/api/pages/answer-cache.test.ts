import { expect, test } from 'vitest';
import { AnswerCache } from '../../../src/api/pages/answer-cache.ts';
import { FakeClock } from '../../../src/core/clock.ts';

function countingCache(tookMs: number) {
  const clock = new FakeClock(0);
  const cache = new AnswerCache<number>(clock);
  let computed = 0;
  const ask = (key = 'k'): Promise<number> =>
    cache.get(key, async () => {
      computed += 1;
      const mine = computed;
      await clock.sleep(tookMs);
      return mine;
    });
  return { clock, cache, ask, computed: () => computed };
}

test('an answer is kept for thirty times as long as it took', async () => {
  const { clock, ask } = countingCache(1000);
  expect(await ask()).toBe(1);
  clock.advance(29_999);
  expect(await ask()).toBe(1);
  clock.advance(2);
  expect(await ask()).toBe(2);
});

test('no answer is kept for longer than two minutes, and one that cost nothing not at all', async () => {
  const dear = countingCache(60_000);
  await dear.ask();
  dear.clock.advance(120_001);
  expect(await dear.ask()).toBe(2);
  const cheap = countingCache(0);
  await cheap.ask();
  expect(await cheap.ask()).toBe(2);
});

test('the same question asked at the same time is computed once, another one by itself', async () => {
  const { ask, computed } = countingCache(10);
  expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual([1, 1, 2]);
  expect(computed()).toBe(2);
});

test('a fault is passed on and not kept', async () => {
  const clock = new FakeClock(0);
  const cache = new AnswerCache<string>(clock);
  const fail = cache.get('k', async () => {
    await clock.sleep(1000);
    throw new Error('away');
  });
  await expect(fail).rejects.toThrow('away');
  expect(await cache.get('k', async () => 'back')).toBe('back');
});

test('the oldest answers make room for new ones', async () => {
  const { ask, computed } = countingCache(1000);
  for (let index = 0; index < 101; index += 1) await ask(`k${index}`);
  await ask('k100');
  expect(computed()).toBe(101);
  await ask('k0');
  expect(computed()).toBe(102);
});
