import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPagerDutyNotifier, pagerDutyEvent, pagerDutySettings } from '../../src/notify/pagerduty.ts';
import { messageOf } from './messages.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const KEY = '0123456789abcdef0123456789abcdef';
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
});
beforeEach(() => {
  receiver.answerWith();
});

const notifier = (change: Readonly<Record<string, unknown>> = {}) =>
  createPagerDutyNotifier({
    settings: pagerDutySettings.parse({ routing_key: KEY, url: receiver.url, ...change }),
    fetch,
  });
const never = new AbortController().signal;

test('a trigger carries the key, the dedup_key and the payload of the Events API', async () => {
  expect(await notifier().deliver(messageOf(), never)).toEqual({ ok: true });
  const request = receiver.received.at(-1);
  expect(request?.path).toBe('/v2/enqueue');
  expect(request?.headers['content-type']).toBe('application/json');
  expect(request?.body).toEqual({
    routing_key: KEY,
    event_action: 'trigger',
    dedup_key: 'plumbline/GpuSaturatedAndLatencySloBreached/m',
    client: 'Plumbline',
    client_url: 'http://127.0.0.1/models/m',
    payload: {
      summary: 'm: GPU 95% and p99 460ms over 200ms',
      source: 'm',
      severity: 'critical',
      timestamp: '2026-11-21T10:05:00.000Z',
      component: 'm',
      group: 'ml-platform',
      class: 'GpuSaturatedAndLatencySloBreached',
      custom_details: {
        conditions: ['gpu_utilization_ratio 95% above 85%'],
        values: { gpu_utilization_ratio: 0.95 },
        labels: { team: 'ranking' },
        description: 'What it means.',
        runbook: 'GpuSaturatedAndLatencySloBreached',
        episode: 'GpuSaturatedAndLatencySloBreached/m/2026-11-21T10:00Z',
      },
    },
    links: [{ text: 'Model', href: 'http://127.0.0.1/models/m' }],
  });
});

test('a resolve carries the key, the action and the dedup_key only', async () => {
  await notifier().deliver(messageOf({ action: 'resolve' }), never);
  expect(receiver.received.at(-1)?.body).toEqual({
    routing_key: KEY,
    event_action: 'resolve',
    dedup_key: 'plumbline/GpuSaturatedAndLatencySloBreached/m',
  });
});

test.each([
  [1024, 1024, 'a'],
  [1025, 1024, '… [cut]'],
  [9000, 1024, '… [cut]'],
])('a summary of %i characters becomes one of %i', (length, expected, end) => {
  const { payload } = pagerDutyEvent(messageOf({ summary: 'a'.repeat(length) }));
  const summary = String(Object.entries(payload ?? {}).find(([name]) => name === 'summary')?.[1]);
  expect(summary).toHaveLength(expected);
  expect(summary.endsWith(end)).toBe(true);
});

test('a summary is never cut inside a character', () => {
  const text = JSON.stringify(pagerDutyEvent(messageOf({ summary: `a${'😀'.repeat(600)}` })));
  expect(text).toContain('😀… [cut]');
  expect(text).not.toMatch(/\\ud[89a-f]/);
});

test('details that PagerDuty would refuse are left out and say so', () => {
  const values = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`business_metric_${index}`, index]));
  const text = JSON.stringify(pagerDutyEvent(messageOf({ values })));
  expect(Buffer.byteLength(text)).toBeLessThan(512_000);
  expect(text).toContain('The details were too large for PagerDuty and were left out.');
});

test.each([
  [{ routing_key: 'short' }, 'must be an integration key of 32 letters and digits'],
  [{ routing_key: KEY, url: 'ftp://x' }, 'Invalid URL'],
  [{ routing_key: KEY, rout: 1 }, 'Unrecognized key'],
])('settings %j are refused', (settings, message) => {
  expect(() => pagerDutySettings.parse(settings)).toThrow(message);
});

test('the address of an account in another region is used as it is', async () => {
  expect(pagerDutySettings.parse({ routing_key: KEY }).url).toBe('https://events.pagerduty.com');
  await notifier({ url: `${receiver.url}/eu/` }).deliver(messageOf(), never);
  expect(receiver.received.at(-1)?.path).toBe('/eu/v2/enqueue');
});
