import { ConfigError } from '../core/errors.ts';
import { closestName } from '../signals/closest-signal.ts';
import { comparesOf, type Rule } from './rule.ts';

/**
 * Checks that every threshold of a single model replaces a number that a loaded rule has.
 *
 * @throws E_CONFIG naming the path, the rule or signal that is not there, and the closest one
 */
export function checkThresholds(
  rules: readonly Rule[],
  models: readonly {
    readonly name: string;
    readonly rules?: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined;
  }[],
): void {
  const byAlert = new Map(rules.map((rule) => [rule.alert, rule]));
  for (const [index, model] of models.entries()) {
    for (const [alert, thresholds] of Object.entries(model.rules ?? {})) {
      const path = `models[${index}].rules.${alert}`;
      const rule = byAlert.get(alert);
      if (rule === undefined) {
        throw new ConfigError(
          `${path} (model ${model.name}): no loaded rule is called so${hint(alert, [...byAlert.keys()])}.`,
        );
      }
      checkSignals(rule, Object.keys(thresholds), path);
    }
  }
}

function checkSignals(rule: Rule, signals: readonly string[], path: string): void {
  const numbers = comparesOf(rule.when).filter(({ bound }) => bound.kind === 'number');
  const allowed = [...new Set(numbers.map(({ signal }) => signal))];
  const unknown = signals.find((signal) => !allowed.includes(signal));
  if (unknown === undefined) return;
  const list = allowed.length === 0 ? 'no signal with a number' : `with a number only ${allowed.join(', ')}`;
  throw new ConfigError(`${path}.${unknown}: the rule compares ${list}${hint(unknown, allowed)}.`);
}

function hint(name: string, names: readonly string[]): string {
  const closest = closestName(name, names);
  return closest === undefined ? '' : `; the closest is ${closest}`;
}
