import { describe, expect, it } from 'vitest';
import { oneModel } from '../../dashboards/one-model.ts';
import { dashboardProblems } from '../../src/grafana/dashboard-problems.ts';
import type { Json } from '../../src/grafana/json.ts';
import { plant } from './plant.ts';

const whole = oneModel();

/** Position of the first chart, which has one query: two titles and eight numbers stand before it. */
const CHART = 10;
const sqlPath = ['panels', CHART, 'targets', 0, 'rawSql'] as const;

describe('dashboardProblems', () => {
  it('finds nothing in a sound dashboard', () => {
    expect(dashboardProblems(whole)).toEqual([]);
  });

  it.each<[string, readonly (string | number)[], Json | undefined, RegExp]>([
    ['a panel without an id', ['panels', CHART, 'id'], undefined, /has no id/],
    ['an id used twice', ['panels', CHART, 'id'], 1, /Panel id 1 is used twice/],
    ['a panel without a title', ['panels', CHART, 'title'], '', /has no title/],
    ['a panel that does not say what to do', ['panels', CHART, 'description'], 'Shows numbers.', /what to do/],
    [
      'a panel without a unit',
      ['panels', CHART, 'fieldConfig', 'defaults', 'unit'],
      undefined,
      /no unit that Grafana knows/,
    ],
    ['a unit that does not exist', ['panels', CHART, 'fieldConfig', 'defaults', 'unit'], 'secs', /"secs"/],
    ['a panel outside the grid', ['panels', CHART, 'gridPos', 'w'], 30, /not inside the grid/],
    ['panels on each other', ['panels', CHART, 'gridPos', 'x'], 6, /overlap/],
    ['a panel without a data source', ['panels', CHART, 'datasource'], undefined, /has no data source/],
    [
      'a query without a data source',
      ['panels', CHART, 'targets', 0, 'datasource'],
      undefined,
      /query of .* has no data source/,
    ],
    ['a query without a refId', ['panels', CHART, 'targets', 0, 'refId'], undefined, /has no refId/],
    ['a panel without a query', ['panels', CHART, 'targets'], [], /has no query/],
    ['an empty query', sqlPath, '', /is empty/],
    ['a query without a format', ['panels', CHART, 'targets', 0, 'format'], undefined, /has no format/],
    ['a query of the old model', ['panels', CHART, 'targets', 0, 'pluginVersion'], '3.9.0', /old query model/],
    ['a query without a time bound', sqlPath, 'SELECT 1 AS x, $model', /not bound by time/],
    [
      'a variable that nobody defined',
      sqlPath,
      'SELECT 1 WHERE $__timeFilter(t) AND gpu = $card',
      /Variable card is used but not defined/,
    ],
    [
      'a macro that does not exist',
      sqlPath,
      'SELECT $__timeInteval(t) WHERE $__timeFilter(t)',
      /__timeInteval is used but not defined/,
    ],
    ['a variable that nobody uses', ['templating', 'list', 6, 'name'], 'spare', /spare is defined but not used/],
    ['fields of an interval on another variable', ['templating', 'list', 2, 'auto'], false, /fields of an interval/],
    ['an annotation in a menu', ['annotations', 'list', 1, 'placement'], 'inControlsMenu', /hidden in a menu/],
    ['an annotation without a data source', ['annotations', 'list', 1, 'datasource'], undefined, /has no data source/],
    [
      'a link without the time range',
      ['panels', CHART, 'links'],
      [{ title: 'x', url: '/d/other' }],
      /does not carry the time range/,
    ],
    ['a drop-down that drops variables', ['links', 0, 'includeVars'], false, /does not carry variables/],
    ['a crosshair of its own', ['graphTooltip'], 0, /crosshair is not shared/],
    ['a uid too long for Grafana', ['uid'], 'x'.repeat(41), /The uid/],
  ])('finds %s', (_fault, path, value, sentence) => {
    const problems = dashboardProblems(plant(whole, path, value));
    expect(problems.join('\n')).toMatch(sentence);
  });
});
