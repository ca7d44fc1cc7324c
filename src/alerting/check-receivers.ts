import { ConfigError } from '../core/errors.ts';
import { closestName } from '../signals/closest-signal.ts';
import type { RuleSet } from './load-rules.ts';

const PREFIX = 'webhook:';

/**
 * Checks that every webhook that a rule names among its actions is there: else the rule would fire and tell nobody.
 *
 * @throws E_CONFIG naming the file, the action and the closest webhook
 */
export function checkReceivers({ rules, files }: RuleSet, webhooks: readonly { readonly name: string }[]): void {
  const names = webhooks.map(({ name }) => name);
  for (const { alert, actions } of rules) {
    const unknown = actions.find((action) => action.startsWith(PREFIX) && !names.includes(action.slice(PREFIX.length)));
    if (unknown === undefined) continue;
    const name = unknown.slice(PREFIX.length);
    const closest = closestName(name, names);
    const hint = closest === undefined ? '' : `; the closest is ${closest}`;
    throw new ConfigError(`${files.get(alert) ?? alert}: actions: notify.webhooks has none called ${name}${hint}.`);
  }
}
