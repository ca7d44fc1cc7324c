import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { dashboards, generateDashboards } from '../../dashboards/index.ts';
import { DATA_SOURCES } from '../../src/grafana/datasources.ts';
import { DASHBOARD_UIDS } from '../../src/grafana/links.ts';
import { dashboardProblems } from '../../src/grafana/dashboard-problems.ts';
import { objectAt, objectsAt, textAt } from '../../src/grafana/json.ts';
import { requireTool } from '../../scripts/real-components.ts';
import { interpolate } from '../../src/grafana/interpolate.ts';
import { queriesOf } from '../grafana/dashboard-queries.ts';
import { linkTargetProblems } from '../grafana/link-targets.ts';
import { findSignal } from '../../src/signals/catalogue.ts';

const ROOT = new URL('../../', import.meta.url);
const promtool = requireTool('promtool');
const contactPoints = z.object({
  contactPoints: z.array(
    z.object({ name: z.string(), receivers: z.array(z.object({ settings: z.record(z.string(), z.unknown()) })) }),
  ),
});
const policyTree = z.object({
  policies: z.array(
    z.object({
      routes: z.array(
        z.object({ receiver: z.string(), object_matchers: z.array(z.tuple([z.string(), z.string(), z.string()])) }),
      ),
    }),
  ),
});
const ruleGroups = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          labels: z.record(z.string(), z.string()),
          data: z.array(z.object({ datasourceUid: z.string() })),
        }),
      ),
    }),
  ),
});
const configMap = z.object({
  kind: z.literal('ConfigMap'),
  metadata: z.object({ labels: z.record(z.string(), z.string()) }),
  data: z.record(z.string(), z.string()),
});
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
      expect(linkTargetProblems(dashboard, made)).toEqual([]);
    });

    it('marks deploys or changes, and alerts, and shows its range first', () => {
      const names = objectsAt(objectAt(dashboard, 'annotations'), 'list').map((item) => textAt(item, 'name'));
      expect(names).toContain('Alerts');
      expect(names.filter((name) => /Deploys|Changes/.test(name))).toHaveLength(1);
    });

    it('cannot be edited in Grafana and names its tables in full', () => {
      expect(dashboard['editable']).toBe(false);
      const tables = queries.flatMap((query) =>
        [...textAt(query, 'rawSql').matchAll(/(?<!FILL )FROM (\w[\w.]*)/g)].map((match) => match[1]),
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

describe('Grafana alerting files', () => {
  const file = (path: string): unknown => parse(readFileSync(new URL(path, ROOT), 'utf8'));
  const contacts = contactPoints.parse(file('deploy/grafana/alerting/contact-points.yaml'));
  const policies = policyTree.parse(file('deploy/grafana/alerting/policies.yaml'));
  const rules = ruleGroups.parse(file('alerts/generated/grafana/plumbline-alerts.yaml'));

  it('send every severity that rules have to a contact point that there is', () => {
    const names = ['grafana-default-email', ...contacts.contactPoints.map(({ name }) => name)];
    const routes = policies.policies.flatMap((policy) => policy.routes);
    expect(names).toEqual(expect.arrayContaining(routes.map(({ receiver }) => receiver)));
    const severities = new Set(
      rules.groups.flatMap((group) => group.rules.map(({ labels }) => labels['severity'] ?? '')),
    );
    const matchers = routes.flatMap((route) => route.object_matchers.filter(([label]) => label === 'severity'));
    const isRouted = (severity: string): boolean =>
      matchers.some(([, , pattern]) => new RegExp(`^(?:${pattern})$`).test(severity));
    expect(severities.size).toBeGreaterThan(1);
    expect([...severities].filter((severity) => !isRouted(severity))).toEqual([]);
  });

  it('name the uids of data sources that are provisioned, and hold no secret', () => {
    const uids = new Set(
      rules.groups.flatMap((group) => group.rules.flatMap((rule) => rule.data.map((item) => item.datasourceUid))),
    );
    expect([...uids].toSorted()).toEqual(['__expr__', DATA_SOURCES.clickhouse.provisionedUid]);
    const secrets = contacts.contactPoints.flatMap(({ receivers }) =>
      receivers.map(({ settings }) => settings['integrationKey'] ?? settings['url']),
    );
    expect(secrets).toEqual(['$PLUMBLINE_PAGERDUTY_KEY', '$PLUMBLINE_NOTES_URL']);
  });
});

describe('manifests for the sidecar of Grafana', () => {
  const folder = new URL('deploy/kustomize/grafana/', ROOT);
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  const { resources } = z.object({ resources: z.array(z.string()) }).parse(parse(read('kustomization.yaml')));
  const maps = resources.map((name) => configMap.parse(parse(read(name))));

  it('hold each dashboard as it is, the data sources and the alert rules, below the limit of Kubernetes', () => {
    const dashboardsHeld = maps.filter(({ metadata }) => metadata.labels['grafana_dashboard'] === '1');
    expect(dashboardsHeld.map(({ data }) => JSON.parse(Object.values(data)[0] ?? ''))).toEqual(made);
    expect(maps.filter(({ metadata }) => metadata.labels['grafana_datasource'] === '1')).toHaveLength(1);
    expect(maps.filter(({ metadata }) => metadata.labels['grafana_alert'] === '1')).toHaveLength(1);
    for (const name of resources) expect(Buffer.byteLength(read(name))).toBeLessThan(1_000_000);
  });

  it('are all that lies in the folder', () => {
    expect(readdirSync(folder).toSorted()).toEqual(['kustomization.yaml', ...resources].toSorted());
  });
});
