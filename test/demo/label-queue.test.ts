import { describe, expect, it } from 'vitest';
import { LabelQueue } from '../../src/demo/label-queue.ts';

const START = Date.UTC(2001, 0, 1);
const MINUTE = 60_000;

function take(queue: LabelQueue, beforeMs: number): readonly (readonly [number, boolean, number])[] {
  const taken: [number, boolean, number][] = [];
  queue.takeLanded(beforeMs, (flight, late, landedMs) => taken.push([flight, late, landedMs]));
  return taken;
}

describe('LabelQueue', () => {
  it('gives out a label only once its flight has landed, and only once', () => {
    const queue = new LabelQueue(START);
    queue.add(1, START + 90 * MINUTE, true);
    expect(take(queue, START + 90 * MINUTE)).toEqual([]);
    expect(take(queue, START + 91 * MINUTE)).toEqual([[1, true, START + 90 * MINUTE]]);
    expect(take(queue, START + 200 * MINUTE)).toEqual([]);
    expect(queue.waiting).toBe(0);
  });

  it('gives labels in the order of landing, not of departure', () => {
    const queue = new LabelQueue(START);
    queue.add(1, START + 300 * MINUTE, false);
    queue.add(2, START + 60 * MINUTE, true);
    queue.add(3, START + 60 * MINUTE, false);
    expect(take(queue, START + 301 * MINUTE).map(([flight]) => flight)).toEqual([2, 3, 1]);
  });

  it('still takes flights after it was empty for a while', () => {
    const queue = new LabelQueue(START);
    expect(take(queue, START + 500 * MINUTE)).toEqual([]);
    queue.add(7, START + 530 * MINUTE, true);
    expect(queue.waiting).toBe(1);
    expect(take(queue, START + 600 * MINUTE)).toEqual([[7, true, START + 530 * MINUTE]]);
  });
});
