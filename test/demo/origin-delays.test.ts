import { describe, expect, it } from 'vitest';
import { OriginDelays } from '../../src/demo/origin-delays.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2001, 0, 1, 12);

describe('OriginDelays', () => {
  it('knows nothing of an airport where nothing has landed', () => {
    const delays = new OriginDelays();
    delays.add('ATL', NOON - 30 * MINUTE, 10);
    expect(delays.recent('JFK', NOON)).toBeUndefined();
  });

  it('gives the mean to one decimal', () => {
    const delays = new OriginDelays();
    for (const delay of [10, -5, 1]) delays.add('ATL', NOON - 30 * MINUTE, delay);
    expect(delays.recent('ATL', NOON)).toBe(2);
    delays.add('ATL', NOON - 20 * MINUTE, 1);
    expect(delays.recent('ATL', NOON)).toBe(1.8);
  });

  it.each([
    { minutesAgo: -60, seen: false, why: 'lies in the future' },
    { minutesAgo: 0, seen: false, why: 'lands in the very minute' },
    { minutesAgo: 1, seen: true, why: 'landed in the slot that just closed' },
    { minutesAgo: 10, seen: true, why: 'landed one slot ago' },
    { minutesAgo: 180, seen: true, why: 'landed three hours ago' },
    { minutesAgo: 181, seen: false, why: 'landed longer ago than three hours' },
  ])('sees a landing $minutesAgo minutes ago: $seen, since it $why', ({ minutesAgo, seen }) => {
    const delays = new OriginDelays();
    delays.add('ATL', NOON - minutesAgo * MINUTE, 42);
    expect(delays.recent('ATL', NOON)).toBe(seen ? 42 : undefined);
  });

  it('never uses a landing of the ten minutes that are not over, even one of a minute ago', () => {
    const delays = new OriginDelays();
    delays.add('ATL', NOON + 4 * MINUTE, 42);
    expect(delays.recent('ATL', NOON + 9 * MINUTE)).toBeUndefined();
    expect(delays.recent('ATL', NOON + 10 * MINUTE)).toBe(42);
  });

  it('does not mistake a landing of days ago for a recent one when its memory goes round', () => {
    const delays = new OriginDelays();
    const round = 512 * 10 * MINUTE;
    delays.add('ATL', NOON - 30 * MINUTE - round, 100);
    expect(delays.recent('ATL', NOON)).toBeUndefined();
    delays.add('ATL', NOON - 30 * MINUTE, 7);
    expect(delays.recent('ATL', NOON)).toBe(7);
  });
});
