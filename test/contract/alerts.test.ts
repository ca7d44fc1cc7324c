import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireTool } from '../../scripts/real-components.ts';
import { compilePrometheusRules } from '../../src/alerting/compile-prometheus.ts';
import { loadRules } from '../../src/alerting/load-rules.ts';
import { readRuleFiles } from '../../src/alerting/read-rule-files.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

const GENERATED = 'alerts/generated/prometheus-rules.yaml';
const files = await readRuleFiles(['alerts']);
const { rules } = loadRules(files);
const pack = rules.map((rule) => ({ alert: rule.alert, rule, runbook: `runbooks/${rule.runbook}.md` }));
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

describe.each(pack)('alert $alert', ({ alert, rule, runbook }) => {
  test('lies in a file of its own name and says what it means', () => {
    const name = alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
    expect(files.map(({ file }) => file)).toContain(join('alerts', `${name}.yaml`));
    expect(rule.description).toMatch(/\w+.*\./);
  });

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

  test.skipIf(promtool === undefined)(`passes its Prometheus unit tests ${needsPromtool}`, () => {
    const name = alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
    const output = execFileSync(promtool ?? '', ['test', 'rules', `alerts/prometheus-tests/${name}.yaml`], {
      encoding: 'utf8',
    });
    expect(output).toContain('SUCCESS');
  });
});

test('the committed Prometheus rules are those that the pack compiles to', () => {
  expect(readFileSync(GENERATED, 'utf8')).toBe(compilePrometheusRules(rules));
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
