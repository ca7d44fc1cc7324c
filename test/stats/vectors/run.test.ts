import { describe, expect, it } from 'vitest';
import { compare } from '../../../src/stats/vectors/compare.ts';
import { runCases } from '../../../src/stats/vectors/run.ts';

const EXACT = { rel: 1e-12, abs: 1e-12 };

describe('compare', () => {
  it.each([
    ['numbers within the tolerance', { d: 1 + 1e-13 }, { d: 1 }, []],
    ['numbers outside it', { d: 1.001 }, { d: 1 }, ['d']],
    ['null against a number', { d: null }, { d: 1 }, ['d']],
    ['a number against null', { d: 0 }, { d: null }, ['d']],
    ['NaN against a number', { d: Number.NaN }, { d: 0 }, ['d']],
    ['other text', { status: 'ok' }, { status: 'degenerate' }, ['status']],
    ['a list of another length', { list: [1] }, { list: [1, 2] }, ['list']],
    ['an entry inside a list', { list: [{ p: 1 }, { p: 3 }] }, { list: [{ p: 1 }, { p: 2 }] }, ['list[1].p']],
    ['more fields than expected', { d: 1, extra: 2 }, { d: 1 }, []],
    ['a missing field', {}, { d: 1 }, ['d']],
  ])('judges %s', (_name, actual, expected, fields) => {
    expect(compare(actual, expected, EXACT).map((mismatch) => mismatch.field)).toEqual(fields);
  });

  it('lets a field have its own tolerance, also for what is inside it', () => {
    const tolerance = { ...EXACT, fields: { p: { rel: 0.1, abs: 0 } } };
    expect(compare({ p: [1.05], d: 1 }, { p: [1], d: 1 }, tolerance)).toEqual([]);
    expect(compare({ p: [1.2], d: 1 }, { p: [1], d: 1 }, tolerance)).toHaveLength(1);
  });

  it('lets optional fields be absent but not wrong', () => {
    const tolerance = { ...EXACT, optional: ['p_exact'] };
    expect(compare({}, { p_exact: 0.5 }, tolerance)).toEqual([]);
    expect(compare({ p_exact: 0.4 }, { p_exact: 0.5 }, tolerance)).toHaveLength(1);
  });
});

describe('runCases', () => {
  const registry = {
    double: (input: { readonly params: Readonly<Record<string, unknown>> }) => ({
      value: Number(input.params['x']) * 2,
    }),
    broken: () => {
      throw new Error('Out of range.');
    },
  };
  const entry = { params: { x: 2 }, reference: null, current: null, expected: { value: 4 }, tolerance: EXACT };

  it('passes a case whose result is the expected one', () => {
    const results = runCases({ cases: [{ id: 'a', statistic: 'double', ...entry }] }, registry);
    expect(results).toEqual([{ id: 'a', statistic: 'double', mismatches: [] }]);
  });

  it('fails only the case whose statistic is unknown or throws', () => {
    const names = ['nothing', 'broken', 'constructor', 'double'];
    const results = runCases({ cases: names.map((statistic) => ({ id: statistic, statistic, ...entry })) }, registry);
    expect(results.map((result) => result.mismatches.length)).toEqual([1, 1, 1, 0]);
    expect(results[1]?.mismatches[0]?.actual).toBe('Out of range.');
  });

  it('uses the default tolerance when a case has none', () => {
    const { tolerance: _tolerance, ...bare } = entry;
    expect(runCases({ cases: [{ id: 'a', statistic: 'double', ...bare }] }, registry)[0]?.mismatches).toEqual([]);
  });

  it('refuses a file that holds no cases', () => {
    expect(() => runCases({ rows: [] }, registry)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});
