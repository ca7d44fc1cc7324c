import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardLinkBuilder,
  QueryVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TablePanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { describe, expect, it } from 'vitest';
import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import { toJson } from '../../src/grafana/json.ts';
import { tidy } from '../../src/grafana/tidy.ts';

describe('tidy', () => {
  const table = new TablePanelBuilder().id(1).dataLinks([new DashboardLinkBuilder('More').url('/d/more')]);
  const raw = new DashboardBuilder('Raw')
    .withVariable(new QueryVariableBuilder('model'))
    .annotation(new AnnotationQueryBuilder().name('Deploys'))
    .link(new DashboardLinkBuilder('Others'))
    .withPanel(table)
    .build();

  it('takes away the defaults of the builders that hide things or that Grafana refuses', () => {
    const leftovers = /"auto_min"|inControlsMenu|"footer"|repeatDirection/g;
    expect([...new Set(JSON.stringify(raw).match(leftovers))]).toHaveLength(4);
    expect(JSON.stringify(tidy(raw))).not.toMatch(leftovers);
  });

  it('leaves a link of a field only its title, address and target', () => {
    const [panel] = [tidy(raw)['panels']].flat();
    expect(panel).toMatchObject({
      fieldConfig: { defaults: { links: [{ title: 'More', url: '/d/more', targetBlank: false }] } },
      options: { showHeader: true },
    });
    expect(JSON.stringify(panel)).not.toContain('keepTime');
  });

  it('keeps the links of the dashboard whole', () => {
    expect(tidy(raw)['links']).toMatchObject([{ title: 'Others', keepTime: false, includeVars: false }]);
  });
});

describe('clickHouseQuery', () => {
  it('is the query model of plugin version 4, without the marker of the SDK', () => {
    const query = clickHouseQuery({ refId: 'A', sql: 'SELECT 1', format: 'timeseries' });
    expect(toJson(query.build())).toEqual({
      refId: 'A',
      datasource: { type: 'grafana-clickhouse-datasource', uid: '${clickhouse}' },
      editorType: 'sql',
      pluginVersion: '4.20.0',
      format: 0,
      queryType: 'timeseries',
      rawSql: 'SELECT 1',
    });
    expect(() => structuredClone({ ...query.build() })).not.toThrow();
  });

  it('makes a new object each time', () => {
    const query = clickHouseQuery({ refId: 'A', sql: 'SELECT 1', format: 'table' });
    expect(query.build()).not.toBe(query.build());
    expect(query.build().format).toBe(1);
  });
});
