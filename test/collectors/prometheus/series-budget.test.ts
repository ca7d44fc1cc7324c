import { describe, expect, it } from 'vitest';
import { SeriesBudget } from '../../../src/collectors/prometheus/series-budget.ts';

const HOUR = 3_600_000;

describe('the series budget', () => {
  it('refuses new series beyond the limit and goes on with known ones', () => {
    const budget = new SeriesBudget(2);
    const admitted = ['a', 'b', 'c', 'a', 'b'].map((id) => budget.admit('m', { id }, 0));
    expect(admitted).toEqual([true, true, false, true, true]);
  });

  it('takes the order of labels and the place of a text for what they are', () => {
    const budget = new SeriesBudget(1);
    expect(budget.admit('m', { a: '1', b: '2' }, 0)).toBe(true);
    expect(budget.admit('m', { b: '2', a: '1' }, 0)).toBe(true);
    expect(budget.admit('m', { a: '2', b: '1' }, 0)).toBe(false);
    expect(budget.admit('m', { a: '12' }, 0)).toBe(false);
    expect(budget.admit('ma', { '1': '', b: '2' }, 0)).toBe(false);
  });

  it('gives the room of series that ended to new ones within the hour, and keeps those that go on', () => {
    const budget = new SeriesBudget(2);
    expect(budget.admit('m', { id: 'stays' }, 0)).toBe(true);
    expect(budget.admit('m', { id: 'ends' }, 0)).toBe(true);
    expect(budget.admit('m', { id: 'stays' }, 0.6 * HOUR)).toBe(true);
    expect(budget.admit('m', { id: 'new' }, 0.7 * HOUR)).toBe(false);
    expect(budget.admit('m', { id: 'stays' }, 1.2 * HOUR)).toBe(true);
    expect(budget.admit('m', { id: 'new' }, 1.3 * HOUR)).toBe(true);
    expect(budget.admit('m', { id: 'newer' }, 1.3 * HOUR)).toBe(false);
  });

  it('tells a hundred thousand series apart', () => {
    const budget = new SeriesBudget(100_000);
    for (let id = 0; id < 100_000; id += 1) budget.admit('m', { pod: `p-${id}`, le: '0.5' }, 0);
    expect(budget.admit('m', { pod: 'one too many' }, 0)).toBe(false);
  });
});
