import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { FakeClock, systemClock } from '../../src/core/clock.ts';
import { alertmanagerAlert, alertmanagerSettings, createAlertmanagerNotifier } from '../../src/notify/alertmanager.ts';
import { pagerDutyChange } from '../../src/notify/pagerduty.ts';
import { notifyConfigSchema } from '../../src/notify/config.ts';
import { createNotifiers } from '../../src/notify/registry.ts';
import { slackText } from '../../src/notify/slack.ts';
import { createWebhookNotifier, signatureHeaders, webhookSettings } from '../../src/notify/webhook.ts';
import { messageOf } from './messages.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
});
const never = new AbortController().signal;

test('the signature is that of the vector of Standard Webhooks', () => {
  const headers = signatureHeaders({
    secret: SECRET,
    id: 'msg_2uXf0pQeKq1T',
    body: '{"type":"model.drift.detected","timestamp":"2026-11-21T22:26:40.000Z","data":{"model":"fraud-scorer","version":"7","psi":0.31}}',
    nowMs: 1_795_300_000_000,
  });
  expect(headers['webhook-signature']).toBe('v1,GL07ySE7V37+h5OttV8xFBOghjmoIR0aGncDsJ77HY0=');
});

test('a webhook can be verified by the library of the standard, and its id stays the same when it is sent again', async () => {
  const settings = webhookSettings.parse({ name: 'ops', url: `${receiver.url}/hook`, secret: SECRET });
  const notifier = createWebhookNotifier({ settings, fetch, clock: systemClock });
  await notifier.deliver(messageOf(), never);
  await notifier.deliver(messageOf(), never);
  const [first, second] = receiver.received.slice(-2);
  const headers = z.record(z.string(), z.string()).parse(second?.headers);
  expect(new Webhook(SECRET).verify(second?.text ?? '', headers)).toMatchObject({
    type: 'plumbline.alert.firing',
    data: { alert: 'GpuSaturatedAndLatencySloBreached', action: 'trigger', model: 'm' },
  });
  expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id']);
  await notifier.deliver(messageOf({ action: 'resolve' }), never);
  expect(receiver.received.at(-1)?.headers['webhook-id']).not.toBe(second?.headers['webhook-id']);
});

test.each([['whsec_short'], ['0123456789abcdef0123456789abcdef'], ['whsec_!!!!']])(
  'the secret %s is refused without being repeated',
  (secret) => {
    const parsed = webhookSettings.safeParse({ name: 'ops', url: 'https://x.test', secret });
    expect(parsed.error?.message).toContain('must be whsec_ followed by');
    expect(parsed.error?.message).not.toContain(secret);
  },
);

test('Alertmanager gets one alert with labels that stay and times that move', async () => {
  const clock = new FakeClock(Date.UTC(2026, 10, 21, 10, 20));
  const settings = alertmanagerSettings.parse({
    url: `${receiver.url}/am/`,
    token: 'secret-token',
    labels: { dc: 'x' },
  });
  const notifier = createAlertmanagerNotifier({ settings, fetch, clock });
  await notifier.deliver(messageOf(), never);
  const request = receiver.received.at(-1);
  expect(request?.path).toBe('/am/api/v2/alerts');
  expect(request?.headers.authorization).toBe('Bearer secret-token');
  const alerts = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(request?.text ?? ''));
  const labels = {
    alertname: 'GpuSaturatedAndLatencySloBreached',
    severity: 'critical',
    model: 'm',
    owner: 'ml-platform',
    team: 'ranking',
    dc: 'x',
    dedup_key: 'plumbline/GpuSaturatedAndLatencySloBreached/m',
  };
  expect(alerts).toMatchObject([{ labels, startsAt: '2026-11-21T10:05:00.000Z', endsAt: '2026-11-21T10:25:00.000Z' }]);
  const resolved = alertmanagerAlert(messageOf({ action: 'resolve' }), { ...settings, nowMs: clock.now() });
  expect(resolved).toMatchObject({ labels, endsAt: '2026-11-21T10:20:00.000Z' });
});

test('a text for Slack shows what happened and lets nobody write markup or mentions', () => {
  const text = slackText(messageOf({ summary: 'm: <!channel> & more', conditions: ['p99 460ms above 200ms'] }));
  expect(text).toContain('*[CRITICAL] GpuSaturatedAndLatencySloBreached* m');
  expect(text).toContain('&lt;!channel&gt; &amp; more');
  expect(text).toContain('• p99 460ms above 200ms');
  expect(text).toContain('<http://127.0.0.1/models/m|Model>');
  expect(slackText(messageOf({ action: 'resolve' }))).toContain('*[RESOLVED]');
  expect(slackText(messageOf({ summary: 'x'.repeat(9000) }))).toHaveLength(3000);
});

test('a change becomes a change event of PagerDuty', () => {
  const change = { action: 'change', id: 'c1', kind: 'deploy', model: 'm', version: '7', atMs: 0 } as const;
  expect(pagerDutyChange({ ...change, title: 'Release', url: 'https://ci.test/7' })).toEqual({
    payload: {
      summary: 'm: version 7: Release',
      timestamp: '1970-01-01T00:00:00.000Z',
      source: 'm',
      custom_details: { kind: 'deploy', model: 'm', version: '7' },
    },
    links: [{ href: 'https://ci.test/7', text: 'Change' }],
  });
  expect(pagerDutyChange({ ...change, title: 'Release', url: 'javascript:alert(1)' })).not.toHaveProperty('links');
});

test('two receivers of one name are refused, and several of a kind get names of their own', () => {
  const key = '0123456789abcdef0123456789abcdef';
  const make = (config: z.input<typeof notifyConfigSchema>) =>
    createNotifiers(notifyConfigSchema.parse(config), { fetch, clock: systemClock }).map(({ notifier }) => notifier.id);
  expect(make({ pagerduty: [{ routing_key: key }, { routing_key: key }] })).toEqual(['pagerduty', 'pagerduty-2']);
  expect(() =>
    make({ webhooks: [{ name: 'pagerduty', url: 'https://x.test' }], pagerduty: { routing_key: key } }),
  ).toThrow('notify has two receivers called "pagerduty"');
});
