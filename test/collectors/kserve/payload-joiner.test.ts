import { expect, test } from 'vitest';
import type { PayloadHalf } from '../../../src/collectors/kserve/payload-half.ts';
import { PayloadJoiner } from '../../../src/collectors/kserve/payload-joiner.ts';

function half(id: string, part: 'request' | 'response', sizeBytes = 10): PayloadHalf {
  return {
    payload: {
      dialect: 'kserve',
      part,
      joinKey: id,
      id,
      namespace: '',
      service: '',
      component: '',
      endpoint: '',
      timeMs: undefined,
      exactTime: false,
      metadata: new Map(),
      annotations: new Map(),
    },
    table: { rows: [] },
    mapping: { service: '', parts: 'both' },
    hints: {},
    traceId: '',
    receivedMs: 0,
    sizeBytes,
    problem: undefined,
  };
}

const LIMITS = { timeoutMs: 1000, maxPending: 3, maxPendingBytes: 1_000_000 };
const ids = (halves: readonly PayloadHalf[]): readonly string[] => halves.map(({ payload }) => payload.id);

test('halves are joined in both orders and each call once', () => {
  const joiner = new PayloadJoiner(LIMITS);
  for (const [first, second] of [
    ['request', 'response'],
    ['response', 'request'],
  ] as const) {
    expect(joiner.add(half(first, first), 0).kind).toBe('waiting');
    expect(joiner.add(half(first, first), 0).kind).toBe('duplicate');
    expect(joiner.add(half(first, second), 0)).toMatchObject({
      kind: 'joined',
      call: { request: { payload: { part: 'request' } }, response: { payload: { part: 'response' } } },
    });
    expect(joiner.add(half(first, second), 0).kind).toBe('duplicate');
  }
  expect(joiner.pending).toBe(0);
});

test('a half expires after the timeout; the other one is then late, the same one a duplicate', () => {
  const joiner = new PayloadJoiner(LIMITS);
  joiner.add(half('a', 'request'), 0);
  joiner.add(half('b', 'response'), 500);
  expect(ids(joiner.expired(999))).toEqual([]);
  expect(ids(joiner.expired(1000))).toEqual(['a']);
  expect(joiner.add(half('a', 'response'), 1000).kind).toBe('late');
  expect(joiner.add(half('a', 'request'), 1000).kind).toBe('duplicate');
  expect(ids(joiner.takeAll())).toEqual(['b']);
});

test('the oldest halves give way when there are too many or they are too large', () => {
  const joiner = new PayloadJoiner(LIMITS);
  for (const id of ['a', 'b', 'c', 'd', 'e']) joiner.add(half(id, 'request'), 0);
  expect(ids(joiner.expired(0))).toEqual(['a', 'b']);
  joiner.add(half('large', 'request', 998_000), 0);
  expect(ids(joiner.expired(0))).toEqual(['c', 'd', 'e']);
  expect(ids(joiner.takeAll())).toEqual(['large']);
});
