import { ConfigError } from '../core/errors.ts';
import { closestName } from '../signals/closest-signal.ts';
import { parseRule } from './parse-rule.ts';
import type { Rule } from './rule.ts';

export interface RuleSet {
  /** Each rule after those that its `unless` names, so that one pass a minute decides all of them. */
  readonly rules: readonly Rule[];
  /** The file of each rule, by alert. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads rules that belong together from the text of their files. With `mayLack`, rules that `unless` names may be
 * elsewhere.
 *
 * @throws E_CONFIG when a rule is wrong, two files define one alert, or `unless` names no rule or goes in a circle
 */
export function loadRules(
  files: readonly { readonly file: string; readonly text: string }[],
  options: { readonly mayLack?: boolean } = {},
): RuleSet {
  const byAlert = new Map<string, { readonly rule: Rule; readonly file: string }>();
  for (const source of files) {
    const rule = parseRule(source);
    const other = byAlert.get(rule.alert);
    if (other !== undefined) {
      throw new ConfigError(`${source.file}: alert ${rule.alert} is already defined in ${other.file}.`);
    }
    byAlert.set(rule.alert, { rule, file: source.file });
  }
  const rules = new Map([...byAlert].map(([alert, { rule }]) => [alert, rule]));
  for (const { rule, file } of byAlert.values()) {
    const missing = rule.unless.find((name) => !rules.has(name));
    if (missing === undefined || options.mayLack === true) continue;
    const closest = closestName(missing, [...rules.keys()]);
    const hint = closest === undefined ? '' : `; the closest is ${closest}`;
    throw new ConfigError(`${file}: unless: no loaded rule is called ${missing}${hint}.`);
  }
  const fileOf = new Map([...byAlert].map(([alert, { file }]) => [alert, file]));
  return { rules: inOrderOfUnless(rules), files: fileOf };
}

function inOrderOfUnless(rules: ReadonlyMap<string, Rule>): readonly Rule[] {
  const ordered: Rule[] = [];
  const done = new Set<string>();
  const visit = (alert: string, trail: readonly string[]): void => {
    const rule = rules.get(alert);
    if (rule === undefined || done.has(alert)) return;
    if (trail.includes(alert)) {
      throw new ConfigError(`Rules explain each other in a circle through unless: ${[...trail, alert].join(' -> ')}.`);
    }
    for (const name of rule.unless) visit(name, [...trail, alert]);
    done.add(alert);
    ordered.push(rule);
  };
  for (const alert of [...rules.keys()].sort()) visit(alert, []);
  return ordered;
}
