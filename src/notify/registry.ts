import type { Clock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { createAlertmanagerNotifier } from './alertmanager.ts';
import type { NotifyConfig } from './config.ts';
import type { Notifier } from './notifier.ts';
import { createPagerDutyNotifier } from './pagerduty.ts';
import type { Fetch } from './post-json.ts';
import { createSlackNotifier } from './slack.ts';
import { createWebhookNotifier } from './webhook.ts';

/** A notifier and what the planning of messages must know of it. */
export interface RegisteredNotifier {
  readonly notifier: Notifier;
  /** Actions of rules that it carries out. */
  readonly actions: readonly string[];
  /** True: it groups itself and wants every alert on its own. */
  readonly everyAlert: boolean;
  /** How often it must hear again of what still fires. */
  readonly refreshMs: number | undefined;
}

/**
 * Makes the notifiers that the configuration asks for.
 *
 * @throws ConfigError when two have the same name
 */
export function createNotifiers(
  config: NotifyConfig,
  { fetch, clock }: { readonly fetch: Fetch; readonly clock: Clock },
): readonly RegisteredNotifier[] {
  const all: readonly RegisteredNotifier[] = [
    ...config.pagerduty.map((settings, index) => ({
      notifier: createPagerDutyNotifier({ settings, fetch, id: idOf('pagerduty', settings.name, index) }),
      ...GROUPED,
      actions: settings.actions,
    })),
    ...config.alertmanager.map((settings, index) => ({
      notifier: createAlertmanagerNotifier({ settings, fetch, clock, id: idOf('alertmanager', settings.name, index) }),
      actions: settings.actions,
      everyAlert: true,
      refreshMs: settings.refresh,
    })),
    ...config.slack.map((settings, index) => ({
      notifier: createSlackNotifier({ settings, fetch, id: idOf('slack', settings.name, index) }),
      ...GROUPED,
      actions: settings.actions,
    })),
    ...config.webhooks.map((settings) => ({
      notifier: createWebhookNotifier({ settings, fetch, clock }),
      ...GROUPED,
      actions: [...settings.actions, `webhook:${settings.name}`],
    })),
  ];
  const ids = all.map(({ notifier }) => notifier.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new ConfigError(`notify has two receivers called "${twice}"; give each a name`);
  return all;
}

const GROUPED = { everyAlert: false, refreshMs: undefined } as const;

function idOf(kind: string, name: string | undefined, index: number): string {
  return name ?? (index === 0 ? kind : `${kind}-${index + 1}`);
}
