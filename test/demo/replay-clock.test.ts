import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/core/clock.ts';
import { ReplayClock } from '../../src/demo/replay-clock.ts';

describe('ReplayClock', () => {
  it('moves only when told, and never back', () => {
    const clock = new ReplayClock(1000, new FakeClock(5_000_000));
    expect(clock.now()).toBe(1000);
    clock.moveTo(3000);
    clock.moveTo(2000);
    expect(clock.now()).toBe(3000);
  });

  it('sleeps on the clock of the wall without moving the date', async () => {
    const wall = new FakeClock(0);
    const clock = new ReplayClock(1000, wall);
    await clock.sleep(250);
    expect(wall.now()).toBe(250);
    expect(clock.now()).toBe(1000);
  });
});
