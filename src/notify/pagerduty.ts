import { z } from 'zod';
import type { AlertMessage, ChangeMessage } from '../store/queries/outbox.ts';
import type { Delivery, Notifier } from './notifier.ts';
import { cut } from './cut.ts';
import { type Fetch, postJson } from './post-json.ts';
import { targetFields } from './target-fields.ts';

/** Settings of `notify.pagerduty`. */
export const pagerDutySettings = z.strictObject({
  routing_key: z
    .string()
    .regex(/^[A-Za-z0-9]{32}$/, 'must be an integration key of 32 letters and digits')
    .describe('Integration key of the service in PagerDuty (Events API v2). Give it as ${ENV} or file:.'),
  url: z
    .url({ protocol: /^https?$/ })
    .default('https://events.pagerduty.com')
    .describe('Address of the Events API without path; https://events.eu.pagerduty.com for accounts in the EU.'),
  change_events: z.boolean().default(true).describe('Deploys and other changes are sent as change events.'),
  webhook_secrets: z
    .array(z.string().min(1))
    .default([])
    .describe('Secrets of webhook v3 subscriptions that post to /v1/pagerduty; several while one is replaced.'),
  ...targetFields,
});

export type PagerDutySettings = z.infer<typeof pagerDutySettings>;

/**
 * Returns the notifier for PagerDuty's Events API v2: triggers and resolves with the message's dedup_key.
 *
 * @see PagerDuty developer documentation, Events API v2 (limits: summary 1,024 characters, event 512 KB, about
 * 120 calls a minute and key)
 */
export function createPagerDutyNotifier(options: {
  readonly settings: PagerDutySettings;
  readonly fetch: Fetch;
  readonly id?: string;
}): Notifier {
  const { settings, fetch, id = 'pagerduty' } = options;
  const base = settings.url.replace(/\/+$/, '');
  const post = (path: string, event: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Delivery> =>
    postJson({
      url: `${base}${path}`,
      body: JSON.stringify({ routing_key: settings.routing_key, ...event }),
      timeoutMs: settings.timeout_seconds * 1000,
      signal,
      fetch,
      secrets: [settings.routing_key],
    });
  const notifier: Notifier = {
    id,
    rate: { perSecond: 2, burst: 10 },
    deliver: (message, signal) => post('/v2/enqueue', pagerDutyEvent(message), signal),
  };
  if (!settings.change_events) return notifier;
  return {
    ...notifier,
    deliverChange: (message, signal) => post('/v2/change/enqueue', pagerDutyChange(message), signal),
  };
}

const SUMMARY_LIMIT = 1024;
const TEXT_LIMIT = 4096;
const DETAILS_LIMIT_BYTES = 400_000;
const LINKS_LIMIT = 20;

/** Returns the event for a message, without the routing key. What is too long is cut and says so. */
export function pagerDutyEvent(message: AlertMessage): Readonly<Record<string, unknown>> {
  const head = { event_action: message.action, dedup_key: message.dedupKey };
  if (message.action === 'resolve') return head;
  const page = message.links[0];
  return {
    ...head,
    client: 'Plumbline',
    ...(page === undefined ? {} : { client_url: page.href }),
    payload: {
      summary: cut(message.summary === '' ? `${message.alert} ${message.scopeKey}` : message.summary, SUMMARY_LIMIT),
      source: sourceOf(message),
      severity: message.severity,
      timestamp: new Date(message.atMs).toISOString(),
      component: message.model === '' ? 'fleet' : message.model,
      ...(message.owner === '' ? {} : { group: message.owner }),
      class: message.alert,
      custom_details: detailsOf(message),
    },
    links: message.links.slice(0, LINKS_LIMIT).map(({ text, href }) => ({ text: cut(text, SUMMARY_LIMIT), href })),
  };
}

/** Returns the change event for a deploy or another change, without the routing key. */
export function pagerDutyChange(message: ChangeMessage): Readonly<Record<string, unknown>> {
  const { kind, title, model, version, url, atMs } = message;
  const details = { kind, model, version };
  return {
    payload: {
      summary: cut(
        [model, version === '' ? '' : `version ${version}`, title].filter((part) => part !== '').join(': '),
        SUMMARY_LIMIT,
      ),
      timestamp: new Date(atMs).toISOString(),
      source: model === '' ? 'plumbline' : model,
      custom_details: Object.fromEntries(Object.entries(details).filter(([, value]) => value !== '')),
    },
    ...(/^https?:\/\//.test(url) ? { links: [{ href: url, text: 'Change' }] } : {}),
  };
}

function sourceOf({ gpu, model, scopeKey }: AlertMessage): string {
  if (gpu !== '') return gpu;
  return model === '' ? scopeKey : model;
}

function detailsOf(message: AlertMessage): Readonly<Record<string, unknown>> {
  const { version, segment, gpu, labels, values, conditions, description } = message;
  const details = {
    ...Object.fromEntries(Object.entries({ version, segment, gpu }).filter(([, value]) => value !== '')),
    conditions: conditions.slice(0, 50).map((condition) => cut(condition, TEXT_LIMIT)),
    values,
    labels,
    ...(message.alerts.length < 2 ? {} : { alerts: message.alerts.slice(0, 50) }),
    ...(description === '' ? {} : { description: cut(description, TEXT_LIMIT) }),
    runbook: message.runbook,
    episode: message.episode,
  };
  if (Buffer.byteLength(JSON.stringify(details)) <= DETAILS_LIMIT_BYTES) return details;
  return {
    cut: 'The details were too large for PagerDuty and were left out.',
    runbook: message.runbook,
    episode: message.episode,
  };
}
