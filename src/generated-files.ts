import { generateDashboards } from '../dashboards/index.ts';
import { compilePrometheusRules } from './alerting/compile-prometheus.ts';
import { loadRules } from './alerting/load-rules.ts';
import { readRuleFiles } from './alerting/read-rule-files.ts';
import { configJsonSchema } from './config.ts';
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
    { path: 'alerts/generated/prometheus-rules.yaml', text: compilePrometheusRules(rules) },
    { path: 'docs/generated/plumbline.schema.json', text: `${JSON.stringify(configJsonSchema(), undefined, 2)}\n` },
  ];
}
