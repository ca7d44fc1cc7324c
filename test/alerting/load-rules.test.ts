import { expect, test } from 'vitest';
import { loadRules } from '../../src/alerting/load-rules.ts';

const file = (alert: string, unless: readonly string[] = [], name = `${alert}.yaml`) => ({
  file: name,
  text: `
alert: ${alert}
severity: info
summary: x
runbook: x
unless: [${unless.join(', ')}]
when: { signal: error_ratio, above: 0.1 }
`,
});

test('rules come after those that explain them, whatever the order of the files', () => {
  const { rules } = loadRules([file('Bbb', ['Ccc']), file('Aaa', ['Bbb', 'Ccc']), file('Ccc')]);
  expect(rules.map(({ alert }) => alert)).toEqual(['Ccc', 'Bbb', 'Aaa']);
});

test('an explanation that no rule gives is refused with the closest name', () => {
  expect(() => loadRules([file('Aaa', ['Zzz'])])).toThrow('Aaa.yaml: unless: no loaded rule is called Zzz.');
  expect(() => loadRules([file('Aaa', ['GpuFalt']), file('GpuFault')])).toThrow(
    'Aaa.yaml: unless: no loaded rule is called GpuFalt; the closest is GpuFault.',
  );
});

test('two files with one alert are refused with both names', () => {
  expect(() => loadRules([file('Aaa'), file('Aaa', [], 'copy.yaml')])).toThrow(
    'copy.yaml: alert Aaa is already defined in Aaa.yaml.',
  );
});

test('rules that explain each other in a circle are refused with the circle', () => {
  expect(() => loadRules([file('Aaa', ['Bbb']), file('Bbb', ['Ccc']), file('Ccc', ['Aaa'])])).toThrow(
    'Rules explain each other in a circle through unless: Aaa -> Bbb -> Ccc -> Aaa.',
  );
});
