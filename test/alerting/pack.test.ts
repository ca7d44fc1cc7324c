import { describe, expect, test } from 'vitest';
import { evaluateRange } from '../../src/alerting/evaluate-range.ts';
import { loadRules } from '../../src/alerting/load-rules.ts';
import { readRuleFiles } from '../../src/alerting/read-rule-files.ts';
import { type Condition, comparesOf, type Rule } from '../../src/alerting/rule.ts';
import { type RuleScenario, scenariosOf } from '../../src/alerting/rule-scenarios.ts';
import { SignalWindow } from '../../src/alerting/signal-window.ts';
import { MINUTE, START } from './rules.ts';

const { rules } = loadRules(await readRuleFiles(['alerts']));

function changesOf(rule: Rule, scenario: RuleScenario): readonly string[] {
  const { changes } = evaluateRange({
    rules: [rule],
    window: new SignalWindow(scenario.series),
    alerts: new Map(),
    fromMs: scenario.incidentMs - 5 * MINUTE,
    toMs: scenario.toMs,
    threshold: () => undefined,
  });
  return changes.map(({ transition }) => transition).filter((transition) => transition !== 'keep_firing');
}

/** Every condition that is left when one part of an `all` is taken away, with the first signal of that part. */
function mutants(condition: Condition): readonly { readonly signal: string; readonly when: Condition }[] {
  if (condition.kind !== 'all') return [];
  return condition.of.map((part, index) => ({
    signal: comparesOf(part)[0]?.signal ?? '',
    when: { kind: 'all', of: condition.of.filter((_, at) => at !== index) },
  }));
}

describe.each(rules)('rule $alert', (rule) => {
  const scenarios = scenariosOf(rule, { model: 'm', startMs: START });

  test('fires once when every signal is bad, after its time, and resolves', () => {
    const [main] = scenarios;
    expect(main === undefined ? [] : changesOf(rule, main)).toEqual(['pending', 'firing', 'resolved']);
  });

  test('stays silent when any one of its signals is fine', () => {
    const twins = scenarios.filter(({ isSilent }) => isSilent);
    expect(twins.map((twin) => [twin.name, changesOf(rule, twin)])).toEqual(twins.map(({ name }) => [name, []]));
    expect(twins.length).toBeGreaterThan(0);
  });

  test('needs each of its conditions: without it, the twin in which that signal is fine would page', () => {
    if (rule.when.kind !== 'all') return expect(comparesOf(rule.when)).toHaveLength(1);
    for (const { signal, when } of mutants(rule.when)) {
      const twin = scenarios.find(({ name }) => name === `${signal} alone stays quiet`);
      // What only asks for none is silent without any data.
      if (when.kind === 'all' && when.of.every(({ kind }) => kind === 'none')) continue;
      if (twin === undefined) throw new Error(`${signal} has no twin.`);
      expect([signal, changesOf({ ...rule, when }, twin)]).toEqual([signal, ['pending', 'firing', 'resolved']]);
    }
    return undefined;
  });
});

test('the pack pages for compounds: only the watcher of the evaluation rests on one signal', () => {
  const single = rules.filter(({ when }) => new Set(comparesOf(when).map(({ signal }) => signal)).size < 2);
  expect(single.map(({ alert }) => alert)).toEqual(['EvaluationLagging']);
});
