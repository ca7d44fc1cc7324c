import { describe, expect, it } from 'vitest';
import { expandMacros } from '../../src/grafana/macros.ts';

// The moments of the plugin's own tests (pkg/macros/macros_test.go).
const context = {
  fromMs: Date.parse('2014-11-12T11:45:26.371Z'),
  toMs: Date.parse('2015-11-12T11:45:26.371Z'),
  intervalMs: 20_000,
};
const expand = (sql: string, intervalMs = context.intervalMs): string => expandMacros(sql, { ...context, intervalMs });

describe('expandMacros', () => {
  it.each([
    ['$__fromTime', 'toDateTime(1415792726)'],
    ['$__toTime', 'toDateTime(1447328726)'],
    ['$__fromTime_ms', 'fromUnixTimestamp64Milli(1415792726371)'],
    ['$__toTime_ms', 'fromUnixTimestamp64Milli(1447328726371)'],
    ['$__timeFilter(col)', 'col >= toDateTime(1415792726) AND col <= toDateTime(1447328726)'],
    [
      '$__timeFilter_ms(col)',
      'col >= fromUnixTimestamp64Milli(1415792726371) AND col <= fromUnixTimestamp64Milli(1447328726371)',
    ],
    ['$__dateFilter(d)', "d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')"],
    [
      '$__dateTimeFilter(d, t)',
      "(d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')) AND (t >= toDateTime(1415792726) AND t <= toDateTime(1447328726))",
    ],
    ['$__timeFrom(col)', 'col >= toDateTime(1415792726)'],
    ['$__timeTo(col)', 'col <= toDateTime(1447328726)'],
    ['$__timeInterval(col)', 'toStartOfInterval(toDateTime(col), INTERVAL 20 second)'],
    ['$__timeInterval_ms(col)', 'toStartOfInterval(toDateTime64(col, 3), INTERVAL 20000 millisecond)'],
    ['$__timeGroup(col, 5m)', 'toStartOfInterval(toDateTime(col), INTERVAL 300 second)'],
    ["$__timeGroup(col, '1h30m')", 'toStartOfInterval(toDateTime(col), INTERVAL 5400 second)'],
    ['$__interval_s', '20'],
  ])('expands %s as the plugin does', (macro, sql) => {
    expect(expand(macro)).toBe(sql);
  });

  it('takes a bracketed expression for one argument', () => {
    expect(expand('$__timeInterval(if(a, b, c))')).toBe(
      'toStartOfInterval(toDateTime(if(a, b, c)), INTERVAL 20 second)',
    );
  });

  it('never goes below one second', () => {
    expect(expand('$__interval_s $__timeInterval(t)', 0)).toBe('1 toStartOfInterval(toDateTime(t), INTERVAL 1 second)');
  });

  it('leaves macros in quotes alone and blanks comments', () => {
    expect(expand("SELECT '$__interval_s', 'it\\'s $__interval_s' -- $__timeFilter(x)\n, $__interval_s")).toBe(
      `SELECT '$__interval_s', 'it\\'s $__interval_s' ${' '.repeat('-- $__timeFilter(x)'.length)}\n, 20`,
    );
  });

  it('leaves a bracket alone that is not the arguments of a macro', () => {
    expect(expand('x IN ($__interval_s) AND ($__fromTime)')).toBe('x IN (20) AND (toDateTime(1415792726))');
  });

  it('leaves unknown macros for the database to refuse', () => {
    expect(expand('$__nosuch(a)')).toBe('$__nosuch(a)');
  });

  it.each([
    '$__timeFilter',
    '$__timeFilter(a, b)',
    '$__dateTimeFilter(a)',
    '$__timeGroup(a, soon)',
    '$__timeGroup(a, 0s)',
    '$__timeFilter(a',
  ])('refuses %s', (sql) => {
    expect(() => expand(sql)).toThrow(expect.objectContaining({ code: 'E_GRAFANA_MACRO' }));
  });
});
