import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import { compileGrafanaRules } from '../../src/alerting/compile-grafana.ts';
import { compilePrometheusRules } from '../../src/alerting/compile-prometheus.ts';
import { compilePromtoolTests } from '../../src/alerting/compile-promtool-tests.ts';
import { loadRules } from '../../src/alerting/load-rules.ts';
import { readRuleFiles } from '../../src/alerting/read-rule-files.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

const GENERATED = 'alerts/generated/prometheus-rules.yaml';
const files = await readRuleFiles(['alerts']);
const { rules } = loadRules(files);
const pack = rules.map((rule) => ({ alert: rule.alert, rule, runbook: `runbooks/${rule.runbook}.md` }));
/** Alerts about Plumbline itself, which only Prometheus can raise. */
const SELF = 'alerts/prometheus/plumbline-self.yaml';
const selfFile = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string() })) })) });
const self = selfFile.parse(parse(readFileSync(SELF, 'utf8'))).groups.flatMap((group) => group.rules);
const withRunbook = [...pack, ...self.map(({ alert }) => ({ alert, runbook: `runbooks/${alert}.md` }))];
const promtool = requireTool('promtool');
const needsPromtool = promtool === undefined ? '(NOT RUN: promtool is missing)' : '';

let running: TestStore;
let folder: string;
beforeAll(async () => {
  running = await startTestStore();
  folder = mkdtempSync(join(tmpdir(), 'plumbline-alerts-'));
});
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true, force: true });
});

function blocksOf(runbook: string, language: string): readonly string[] {
  const text = readFileSync(runbook, 'utf8').replaceAll('\r\n', '\n');
  return [...text.matchAll(new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

test('the pack holds the rule that it began with', () => {
  expect(pack.map(({ alert }) => alert)).toContain('GpuSaturatedAndLatencySloBreached');
});

describe.each(withRunbook)('alert $alert', ({ alert, runbook }) => {
  test('has a runbook with the four headings and diagnosis that can be run', () => {
    expect(existsSync(runbook)).toBe(true);
    const headings = [...readFileSync(runbook, 'utf8').matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    expect(headings).toEqual(['Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
    expect(blocksOf(runbook, 'sql').length).toBeGreaterThan(0);
    expect(blocksOf(runbook, 'promql').length).toBeGreaterThan(0);
  });

  test('has a runbook whose SQL runs on the schema', async () => {
    for (const sql of blocksOf(runbook, 'sql')) {
      const rows = await running.store.rows({ name: 'runbook', sql, parameters: { model: "rank'er" } });
      expect(Array.isArray(rows)).toBe(true);
    }
  });

  test.skipIf(promtool === undefined)(`has a runbook whose PromQL is valid ${needsPromtool}`, () => {
    const expressions = blocksOf(runbook, 'promql').map((text) => text.trim().replaceAll('$model', 'm'));
    const rule_lines = expressions.map((expr, index) => `  - {record: 'r:${index}', expr: ${JSON.stringify(expr)}}`);
    const file = join(folder, `${alert}.yaml`);
    writeFileSync(file, `groups:\n- name: runbook\n  rules:\n${rule_lines.join('\n')}\n`);
    expect(execFileSync(promtool ?? '', ['check', 'rules', file], { encoding: 'utf8' })).toContain(
      `${expressions.length} rules found`,
    );
  });
});

describe.each(pack)('alert $alert', ({ alert, rule }) => {
  test('lies in a file of its own name and says what it means', () => {
    const name = alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
    expect(files.map(({ file }) => file)).toContain(join('alerts', `${name}.yaml`));
    expect(rule.description).toMatch(/\w+.*\./);
  });

  test.skipIf(promtool === undefined)(`passes its Prometheus unit tests ${needsPromtool}`, () => {
    const name = alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
    // Beside the rule alone: with the whole pack promtool decides every rule in every minute, which takes minutes.
    const root = join(folder, name);
    mkdirSync(join(root, 'generated', 'prometheus-tests'), { recursive: true });
    mkdirSync(join(root, 'prometheus-tests'));
    writeFileSync(join(root, 'generated', 'prometheus-rules.yaml'), compilePrometheusRules([rule]));
    const found = [`generated/prometheus-tests/${name}.yaml`, `prometheus-tests/${name}.yaml`].filter((file) =>
      existsSync(join('alerts', file)),
    );
    for (const file of found) copyFileSync(join('alerts', file), join(root, file));
    const output = execFileSync(promtool ?? '', ['test', 'rules', ...found.map((file) => join(root, file))], {
      encoding: 'utf8',
    });
    expect(output.match(/SUCCESS/g)).toHaveLength(found.length);
    expect(found[0]).toMatch(/^generated/);
  });

  test('has the committed Prometheus unit tests that it compiles to', () => {
    const name = alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
    expect(readFileSync(`alerts/generated/prometheus-tests/${name}.yaml`, 'utf8')).toBe(
      compilePromtoolTests(rule, '../prometheus-rules.yaml'),
    );
  });
});

test('the committed Prometheus and Grafana rules are those that the pack compiles to', () => {
  expect(readFileSync(GENERATED, 'utf8')).toBe(compilePrometheusRules(rules));
  expect(readFileSync('alerts/generated/grafana/plumbline-alerts.yaml', 'utf8')).toBe(compileGrafanaRules(rules));
});

test.skipIf(promtool === undefined)(
  `the committed Prometheus rules have no fault that promtool knows ${needsPromtool}`,
  () => {
    const output = execFileSync(promtool ?? '', ['check', 'rules', '--lint=all', '--lint-fatal', GENERATED], {
      encoding: 'utf8',
    });
    expect(output).toContain(`${rules.length} rules found`);
  },
);

test.skipIf(promtool === undefined)(
  `a rule that loses one of its conditions fails its unit tests ${needsPromtool}`,
  () => {
    const [rule] = rules.filter(({ alert }) => alert === 'GpuSaturatedAndLatencySloBreached');
    if (rule === undefined || rule.when.kind === 'compare') throw new Error('The rule is not a compound.');
    const { of } = rule.when;
    const tests = readFileSync('alerts/prometheus-tests/gpu-saturated-and-latency-slo-breached.yaml', 'utf8');
    for (const missing of of) {
      const mutant = { ...rule, when: { kind: 'all', of: of.filter((child) => child !== missing) } as const };
      writeFileSync(join(folder, 'mutant.yaml'), compilePrometheusRules([mutant]));
      writeFileSync(
        join(folder, 'mutant-test.yaml'),
        tests.replace('../generated/prometheus-rules.yaml', 'mutant.yaml'),
      );
      const run = () =>
        execFileSync(promtool ?? '', ['test', 'rules', join(folder, 'mutant-test.yaml')], { stdio: 'pipe' });
      expect(run).toThrow('FAILED');
    }
    expect(of).toHaveLength(3);
  },
);

test.skipIf(promtool === undefined)(`the alerts about Plumbline itself pass their unit tests ${needsPromtool}`, () => {
  const check = execFileSync(promtool ?? '', ['check', 'rules', '--lint=all', '--lint-fatal', SELF], {
    encoding: 'utf8',
  });
  expect(check).toContain(`${self.length} rules found`);
  const tests = SELF.replace('.yaml', '-test.yaml');
  expect(execFileSync(promtool ?? '', ['test', 'rules', tests], { encoding: 'utf8' })).toContain('SUCCESS');
});

test('every runbook belongs to an alert', () => {
  const names = readdirSync('runbooks').filter((name) => name.endsWith('.md'));
  const wanted = withRunbook.map(({ runbook }) => runbook.slice('runbooks/'.length));
  expect(names.filter((name) => !wanted.includes(name) && name !== 'README.md')).toEqual([]);
});
