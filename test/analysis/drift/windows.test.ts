import { describe, expect, it } from 'vitest';
import { groupWindows, referenceUnit, windowAt } from '../../../src/analysis/drift/windows.ts';

const hours = (iso: string): number => Date.parse(iso) / 3_600_000;

describe('windowAt', () => {
  it.each([
    ['hour', '2026-05-03T10:00:00Z', '2026-05-03T10', '2026-05-03T11:00:00.000Z'],
    ['day', '2026-05-03T00:00:00Z', '2026-05-03', '2026-05-04T00:00:00.000Z'],
    ['week', '2026-04-27T00:00:00Z', '2026-W18', '2026-05-04T00:00:00.000Z'],
    ['week', '2024-12-30T00:00:00Z', '2025-W01', '2025-01-06T00:00:00.000Z'],
    ['week', '2020-12-28T00:00:00Z', '2020-W53', '2021-01-04T00:00:00.000Z'],
    ['month', '2026-02-01T00:00:00Z', '2026-02', '2026-03-01T00:00:00.000Z'],
    ['month', '1996-12-01T00:00:00Z', '1996-12', '1997-01-01T00:00:00.000Z'],
  ] as const)('names the %s that starts at %s %s and ends it at %s', (unit, start, label, end) => {
    const window = windowAt(unit, hours(start));
    expect(window.label).toBe(label);
    expect(window.fromMs).toBe(Date.parse(start));
    expect(new Date(window.toMs ?? 0).toISOString()).toBe(end);
  });
});

describe('referenceUnit', () => {
  const span = (days: number) => ({ firstMs: 0, lastMs: days * 86_400_000 });

  it.each([
    ['month', 365, 'month'],
    ['month', 60, 'week'],
    ['month', 5, 'day'],
    ['day', 365, 'day'],
    ['hour', 1, 'hour'],
    ['hour', 0.05, 'all'],
    ['all', 365, 'month'],
    ['all', 60, 'week'],
    ['all', 7.1, 'day'],
    ['all', 0.3, 'hour'],
  ] as const)('splits the reference of %s windows over %s days by %s', (unit, days, expected) => {
    expect(referenceUnit(unit, span(days))).toBe(expected);
  });

  it('does not split a reference without time', () => {
    expect(referenceUnit('day', { firstMs: null, lastMs: null })).toBe('all');
  });
});

describe('groupWindows', () => {
  it('joins the cut ends of the period to their neighbours and leaves the rest alone', () => {
    const rows = [5, 100, 90, 110, 95, 8];
    const groups = groupWindows(rows.map((count, key) => ({ key, rows: count })));
    expect([...groups.values()]).toEqual([0, 0, 1, 2, 3, 3]);
  });
});
