import { expect, test } from 'vitest';
import { parseMoment, rangeOf } from '../../../src/api/read/request-schemas.ts';

test.each([
  ['2026-03-02', Date.UTC(2026, 2, 2)],
  ['2026-03-02T10:00:00Z', Date.UTC(2026, 2, 2, 10)],
  ['2026-03-02t10:00:00.250z', Date.UTC(2026, 2, 2, 10) + 250],
  ['2026-03-02T10:00', Date.UTC(2026, 2, 2, 10)],
  ['2026-03-02 10:00:00+02:00', Date.UTC(2026, 2, 2, 8)],
  ['1772445600000', 1_772_445_600_000],
  ['0', 0],
])('%s is the moment %d', (text, expected) => {
  expect(parseMoment(text)).toBe(expected);
});

test.each([
  '',
  'now',
  '-1',
  '1e12',
  '12.5',
  '2026-13-01',
  '2026-02-30T25:00:00Z',
  '99999999999999',
  '9999-01-01',
  ' 2026-03-02',
])('"%s" is no moment', (text) => {
  expect(parseMoment(text)).toBeUndefined();
});

test('a range takes from the whole what was not asked, and may not end before it begins', () => {
  const whole = { fromMs: 10, toMs: 20 };
  expect(rangeOf({}, whole)).toEqual(whole);
  expect(rangeOf({ from: 15 }, whole)).toEqual({ fromMs: 15, toMs: 20 });
  expect(() => rangeOf({ from: 15, to: 15 }, whole)).toThrow('to must be later than from');
});
