import { describe, expect, it } from 'vitest';
import { interpolate } from '../../src/grafana/interpolate.ts';

const values = { model: ["rank'er"], version: ['1', '2'] };

describe('interpolate', () => {
  it.each([
    ['$model', "rank'er"],
    ['${model}', "rank'er"],
    ['${model:singlequote}', "'rank\\'er'"],
    ['${version:singlequote}', "'1','2'"],
    ['${model:percentencode}', "rank'er"],
    ['$__timeFilter(t) ${__from}', '$__timeFilter(t) ${__from}'],
  ])('fills %s', (text, filled) => {
    expect(interpolate(text, { values })).toBe(filled);
  });

  it('keeps a condition on chosen values and drops one on All', () => {
    const sql = 'a AND $__conditionalAll(version IN (${version:singlequote}), $version) AND b';
    expect(interpolate(sql, { values })).toBe("a AND version IN ('1','2') AND b");
    expect(interpolate(sql, { values, all: ['version'] })).toBe('a AND 1=1 AND b');
  });

  it('refuses a variable without a value, and a format it does not know', () => {
    expect(() => interpolate('$gpu', { values })).toThrow('Variable gpu has no value.');
    expect(() => interpolate('${model:csv}', { values })).toThrow('Format csv');
  });
});
