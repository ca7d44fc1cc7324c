import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { durationField } from '../core/duration-field.ts';
import type { AlertMessage } from '../store/queries/outbox.ts';
import type { Notifier } from './notifier.ts';
import { type Fetch, postJson } from './post-json.ts';
import { targetFields } from './target-fields.ts';

/** Settings of `notify.alertmanager`. */
export const alertmanagerSettings = z.strictObject({
  ...targetFields,
  url: z.url({ protocol: /^https?$/ }).describe('Address of Alertmanager without path, for example http://am:9093.'),
  token: z.string().min(1).optional().describe('Bearer token. Give it as ${ENV} or file:.'),
  refresh: durationField().default(60_000).describe('How often alerts that still fire are sent again.'),
  resolve_after: durationField()
    .default(300_000)
    .describe('After how long Alertmanager gives an alert up that is not sent again.'),
  labels: z.record(z.string(), z.string()).default({}).describe('Labels that every alert gets.'),
});

export type AlertmanagerSettings = z.infer<typeof alertmanagerSettings>;

/**
 * Returns the notifier for Alertmanager's API v2. One alert a message: grouping, silences and inhibition of its own
 * apply there as well.
 *
 * @see Alertmanager api/v2/openapi.yaml, POST /api/v2/alerts
 */
export function createAlertmanagerNotifier(options: {
  readonly settings: AlertmanagerSettings;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly id?: string;
}): Notifier {
  const { settings, fetch, clock, id = 'alertmanager' } = options;
  const { token } = settings;
  return {
    id,
    rate: { perSecond: 20, burst: 100 },
    deliver: (message, signal) =>
      postJson({
        url: `${settings.url.replace(/\/+$/, '')}/api/v2/alerts`,
        body: JSON.stringify([alertmanagerAlert(message, { ...settings, nowMs: clock.now() })]),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        timeoutMs: settings.timeout_seconds * 1000,
        signal,
        fetch,
        secrets: [token ?? ''],
      }),
  };
}

/** Returns the alert in the form of Alertmanager. Its labels are the same from trigger to resolve: they are its identity. */
export function alertmanagerAlert(
  message: AlertMessage,
  options: {
    readonly labels: Readonly<Record<string, string>>;
    readonly resolve_after: number;
    readonly nowMs: number;
  },
): Readonly<Record<string, unknown>> {
  const { alert, severity, model, version, segment, gpu, owner } = message;
  const [lead] = message.alerts;
  const startsMs = lead?.firingSinceMs ?? message.atMs;
  const own = { model, version, segment, gpu, owner, dedup_key: message.dedupKey };
  const labels = { ...message.labels, ...own, ...options.labels, alertname: alert, severity };
  const page = message.links[0];
  const endsMs =
    message.action === 'resolve' ? Math.max(startsMs, options.nowMs) : options.nowMs + options.resolve_after;
  return {
    labels: Object.fromEntries(Object.entries(labels).filter(([name, value]) => value !== '' && LABEL_NAME.test(name))),
    annotations: {
      summary: message.summary,
      ...(message.description === '' ? {} : { description: message.description }),
      runbook: message.runbook,
      ...Object.fromEntries(
        message.links.map(({ text, href }) => [`link_${text.toLowerCase().replaceAll(/\W+/g, '_')}`, href]),
      ),
    },
    startsAt: new Date(Math.min(startsMs, endsMs)).toISOString(),
    endsAt: new Date(endsMs).toISOString(),
    ...(page === undefined ? {} : { generatorURL: page.href }),
  };
}

const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
