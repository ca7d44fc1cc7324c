import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { dashboards, generateDashboards } from '../../dashboards/index.ts';
import { DATA_SOURCES } from '../../src/grafana/datasources.ts';
import { DASHBOARD_UIDS } from '../../src/grafana/links.ts';
import { dashboardProblems } from '../../src/grafana/dashboard-problems.ts';
import { type JsonObject, objectAt, objectsAt, textAt } from '../../src/grafana/json.ts';
import { requireTool } from '../../scripts/real-components.ts';
import { interpolate } from '../../src/grafana/interpolate.ts';
import { queriesOf } from '../grafana/dashboard-queries.ts';
import { findSignal } from '../../src/signals/catalogue.ts';

const ROOT = new URL('../../', import.meta.url);
const promtool = requireTool('promtool');
const made = dashboards.map((make) => make());

describe('generated dashboards', () => {
  it.each(generateDashboards())('$path is committed as it is generated', ({ path, text }) => {
    expect(readFileSync(new URL(path, ROOT), 'utf8')).toBe(text);
  });

  it('are all that lies in the folder', () => {
    const paths = readdirSync(new URL('dashboards/generated/', ROOT)).map((name) => `dashboards/generated/${name}`);
    expect(paths.toSorted()).toEqual(
      generateDashboards()
        .map(({ path }) => path)
        .toSorted(),
    );
  });

  it('are the same each time', () => {
    expect(generateDashboards()).toEqual(generateDashboards());
  });

  it('have no uid twice', () => {
    const uids = made.map((dashboard) => textAt(dashboard, 'uid'));
    expect(new Set(uids).size).toBe(uids.length);
  });
});

describe.each(made.map((dashboard) => [textAt(dashboard, 'uid'), dashboard] as const))(
  'dashboard %s',
  (_uid, dashboard) => {
    const queries = objectsAt(dashboard, 'panels').flatMap((panel) => objectsAt(panel, 'targets'));

    it('has no problems', () => {
      expect(dashboardProblems(dashboard)).toEqual([]);
    });

    it('reads only signals of the catalogue', () => {
      const named = queriesOf(dashboard).flatMap(({ sql }) => [
        ...sql.matchAll(/signal (?:=|IN) \(?((?:'\w+',? ?)+)/g),
      ]);
      const signals = named.flatMap((match) => (match[1] ?? '').match(/\w+/g) ?? []);
      expect(signals.length).toBeGreaterThan(0);
      expect(signals.filter((name) => findSignal(name) === undefined)).toEqual([]);
    });

    it('reads only metrics of Plumbline from Prometheus', () => {
      const expressions = queries.map((query) => textAt(query, 'expr')).filter((expression) => expression !== '');
      const strange = expressions.filter((expression) => !expression.includes('plumbline_'));
      expect(strange).toEqual([]);
    });

    it.skipIf(promtool === undefined)('has only PromQL that promtool accepts', () => {
      const values = { model: ["rank'er.v2"], version: ['1'] };
      const rules = queries
        .map((query) => interpolate(textAt(query, 'expr'), { values, source: 'prometheus' }))
        .filter((expr) => expr !== '')
        .map((expr, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '4m') }));
      if (rules.length === 0) return;
      const folder = mkdtempSync(join(tmpdir(), 'plumbline-promql-'));
      writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'panels', rules }] }));
      const result = spawnSync(promtool ?? '', ['check', 'rules', join(folder, 'rules.yaml')], { encoding: 'utf8' });
      rmSync(folder, { recursive: true });
      expect(`${result.stdout}${result.stderr}`).toContain(`SUCCESS: ${rules.length} rules found`);
    });

    it('links to dashboards that there are, and sets variables that they have', () => {
      for (const { uid, parameters } of linksOf(dashboard)) {
        const target = made.find((other) => textAt(other, 'uid') === uid);
        const names = objectsAt(objectAt(target ?? {}, 'templating'), 'list').map((item) => textAt(item, 'name'));
        expect(names, `a link to ${uid}`).toEqual(expect.arrayContaining([...parameters]));
      }
    });

    it('marks deploys or changes, and alerts, and shows its range first', () => {
      const names = objectsAt(objectAt(dashboard, 'annotations'), 'list').map((item) => textAt(item, 'name'));
      expect(names).toContain('Alerts');
      expect(names.filter((name) => /Deploys|Changes/.test(name))).toHaveLength(1);
    });

    it('cannot be edited in Grafana and names its tables in full', () => {
      expect(dashboard['editable']).toBe(false);
      const tables = queries.flatMap((query) =>
        [...textAt(query, 'rawSql').matchAll(/FROM (\w[\w.]*)/g)].map((match) => match[1]),
      );
      expect(tables.filter((name) => name?.startsWith('plumbline.') !== true)).toEqual([]);
    });

    it('presets the data sources by their provisioned uids', () => {
      const variables = objectsAt(objectAt(dashboard, 'templating'), 'list');
      const presets = variables
        .filter((variable) => variable['type'] === 'datasource')
        .map((variable) => [textAt(variable, 'query'), textAt(objectAt(variable, 'current'), 'value')]);
      expect(presets).toEqual([
        ['grafana-clickhouse-datasource', 'plumbline-clickhouse'],
        ['prometheus', 'plumbline-prometheus'],
      ]);
    });
  },
);

it('dashboards have the nine uids that links and bookmarks name', () => {
  const uids = made.map((dashboard) => textAt(dashboard, 'uid'));
  expect(uids.toSorted()).toEqual(Object.values(DASHBOARD_UIDS).toSorted());
});

describe('Grafana provisioning', () => {
  const read = (path: string): unknown =>
    parse(readFileSync(new URL(`deploy/grafana/provisioning/${path}`, ROOT), 'utf8'));

  it('gives the data sources the uids, names and types that dashboards expect', () => {
    const expected = Object.values(DATA_SOURCES).map(({ type, provisionedUid, provisionedName }) => ({
      uid: provisionedUid,
      name: provisionedName,
      type,
      editable: false,
    }));
    expect(read('datasources/plumbline.yaml')).toMatchObject({ apiVersion: 1, datasources: expected });
  });

  it('takes every secret from the environment', () => {
    expect(read('datasources/plumbline.yaml')).toMatchObject({
      datasources: [{ secureJsonData: { password: expect.stringMatching(/^\$[A-Z_]+$/) } }, {}],
    });
  });

  it('loads the dashboards from files that nobody edits in Grafana', () => {
    expect(read('dashboards/plumbline.yaml')).toMatchObject({
      apiVersion: 1,
      providers: [{ type: 'file', allowUiUpdates: false, options: { path: expect.stringContaining('plumbline') } }],
    });
  });
});

/** The dashboards that a dashboard links to, with the variables that each link sets. */
function linksOf(dashboard: JsonObject): readonly { readonly uid: string; readonly parameters: readonly string[] }[] {
  const texts = JSON.stringify(dashboard).matchAll(/"\/d\/([\w-]+)\?([^"]*)"/g);
  return [...texts].map(([, uid = '', query = '']) => ({
    uid,
    parameters: query
      .split('&')
      .flatMap((part) => /^var-(\w+)=|^\$\{(\w+):queryparam\}$/.exec(part)?.slice(1).filter(Boolean) ?? []),
  }));
}
