import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPlumbline } from '../support/processes.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-check-'));
  mkdirSync(join(folder, 'rules'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const rule = (change: Readonly<Record<string, string>>): string =>
  Object.entries({
    alert: 'Mine',
    severity: 'warning',
    summary: 'x',
    runbook: 'ModelStale',
    when: '{ signal: error_ratio, above: 0.1 }',
    ...change,
  })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');

function check(name: string, text: string, models: readonly unknown[] = []) {
  writeFileSync(join(folder, 'rules', `${name}.yaml`), text);
  const config = {
    rules: [join(folder, 'rules', `${name}.yaml`)],
    models,
    clickhouse: { path: join(folder, `data-${name}`) },
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
  return runPlumbline(['check', '--config', join(folder, `${name}.json`)]);
}

test('check refuses a rule without a runbook and names the closest one', { timeout: 120_000 }, async () => {
  const missing = await check('missing', rule({ runbook: 'ModelStael' }));
  expect(missing.stdout).toContain(
    'missing.yaml: runbook: there is no runbooks/ModelStael.md; the closest is ModelStale.',
  );
  expect(missing.code).toBe(1);
});

test('check refuses an unknown signal, alert or threshold and names the closest', { timeout: 120_000 }, async () => {
  const [signal, unless, threshold, webhook] = await Promise.all([
    check('signal', rule({ when: '{ signal: eror_ratio, above: 0.1 }' })),
    check('unless', rule({ unless: '[GpuFault]' })),
    check('threshold', rule({}), [{ name: 'm', rules: { Mien: { error_ratio: 0.2 } } }]),
    check('webhook', rule({ actions: '["webhook:ops"]' })),
  ]);
  expect([signal.code, unless.code, threshold.code, webhook.code]).toEqual([2, 2, 2, 2]);
  expect(webhook.stderr).toContain('webhook.yaml: actions: notify.webhooks has none called ops.');
  expect(signal.stderr).toContain('when.signal: there is no signal "eror_ratio"; the closest is error_ratio.');
  expect(unless.stderr).toContain('unless: no loaded rule is called GpuFault.');
  expect(threshold.stderr).toContain(
    'models[0].rules.Mien (model m): no loaded rule is called so; the closest is Mine.',
  );
});

test('check says of every wrong file what is wrong with it', { timeout: 120_000 }, async () => {
  const rules = join(folder, 'wrong');
  mkdirSync(rules);
  writeFileSync(join(rules, 'a.yaml'), rule({ severity: 'warn' }));
  writeFileSync(join(rules, 'b.yaml'), rule({ alert: 'Fine' }));
  writeFileSync(join(rules, 'c.yaml'), rule({ scope: 'models' }));
  writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ rules: [rules] }));
  const { code, stderr } = await runPlumbline(['check', '--config', join(folder, 'wrong.json')]);
  expect(code).toBe(2);
  expect(stderr).toContain('a.yaml: severity must be one of critical, warning, info; the closest is warning.\n');
  expect(stderr).toContain('c.yaml: scope must be one of model, version, segment, gpu, fleet; the closest is model.\n');
  expect(stderr).not.toContain('b.yaml');
});

test('check accepts rules whose runbooks lie beside them', { timeout: 120_000 }, async () => {
  mkdirSync(join(folder, 'runbooks'));
  copyFileSync('runbooks/ModelStale.md', join(folder, 'runbooks', 'Mine.md'));
  const fine = await check('fine', rule({ runbook: 'Mine' }));
  expect(fine.stderr).toBe('');
  expect(fine.stdout).toContain('ok  rules: 1\n');
  expect(fine.code).toBe(0);
});
