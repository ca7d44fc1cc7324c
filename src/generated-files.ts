import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { generateDashboards } from '../dashboards/index.ts';
import { compileGrafanaRules } from './alerting/compile-grafana.ts';
import { compilePrometheusRules } from './alerting/compile-prometheus.ts';
import { compilePromtoolTests } from './alerting/compile-promtool-tests.ts';
import { loadRules } from './alerting/load-rules.ts';
import { readRuleFiles } from './alerting/read-rule-files.ts';
import type { Rule } from './alerting/rule.ts';
import { configJsonSchema } from './config.ts';
import { grafanaConfigMaps } from './grafana/config-maps.ts';
import { packageRoot } from './package-info.ts';

export interface GeneratedFile {
  /** Path from the root of the package. */
  readonly path: string;
  readonly text: string;
}

/** Returns every file that is made from a definition elsewhere: dashboards, Prometheus rules, the JSON Schema of the configuration. */
export async function generatedFiles(): Promise<readonly GeneratedFile[]> {
  const { rules } = loadRules(await readRuleFiles([`${packageRoot}/alerts`]));
  return [
    ...generateDashboards(),
    ...alertFiles(rules),
    ...configMaps(compileGrafanaRules(rules)),
    { path: 'docs/generated/plumbline.schema.json', text: `${JSON.stringify(configJsonSchema(), undefined, 2)}\n` },
  ];
}

function configMaps(alertRules: string): readonly GeneratedFile[] {
  return grafanaConfigMaps({
    dashboards: generateDashboards().map(({ path, text }) => ({ name: basename(path, '.json'), text })),
    dataSources: readFileSync(`${packageRoot}/deploy/grafana/provisioning/datasources/plumbline.yaml`, 'utf8'),
    alertRules,
  });
}

function alertFiles(rules: readonly Rule[]): readonly GeneratedFile[] {
  const folder = 'alerts/generated';
  return [
    { path: `${folder}/prometheus-rules.yaml`, text: compilePrometheusRules(rules) },
    { path: `${folder}/grafana/plumbline-alerts.yaml`, text: compileGrafanaRules(rules) },
    ...rules.map((rule) => ({
      path: `${folder}/prometheus-tests/${kebab(rule.alert)}.yaml`,
      text: compilePromtoolTests(rule, '../prometheus-rules.yaml'),
    })),
  ];
}

function kebab(alert: string): string {
  return alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}
