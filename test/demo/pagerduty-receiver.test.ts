import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describePage, PagerDutyReceiver, type ReceivedPage } from '../../src/demo/pagerduty-receiver.ts';

const AT = Date.UTC(2001, 5, 30, 17, 16);
const event = {
  routing_key: 'simulatedsimulatedsimulated00000',
  event_action: 'trigger',
  dedup_key: 'plumbline/Some/late-flights',
  payload: { summary: 'It is slow', source: 'late-flights', severity: 'critical' },
};

let receiver: PagerDutyReceiver;
let heard: ReceivedPage[];

beforeEach(async () => {
  heard = [];
  receiver = await PagerDutyReceiver.start({ now: () => AT, onPage: (page) => heard.push(page) });
});
afterEach(() => receiver.stop());

async function post(
  body: string,
  path = '/v2/enqueue',
): Promise<{ readonly status: number; readonly answer: unknown }> {
  const response = await fetch(`${receiver.url}${path}`, { method: 'POST', body });
  return { status: response.status, answer: await response.json() };
}

describe('PagerDutyReceiver', () => {
  it('takes a trigger and its resolve, keeps both and says so', async () => {
    expect(await post(JSON.stringify(event))).toEqual({
      status: 202,
      answer: { status: 'success', message: 'Event processed', dedup_key: event.dedup_key },
    });
    const { payload: _, ...rest } = event;
    expect((await post(JSON.stringify({ ...rest, event_action: 'resolve' }))).status).toBe(202);
    expect(receiver.pages.map(({ action, dedupKey, atMs }) => [action, dedupKey, atMs])).toEqual([
      ['trigger', event.dedup_key, AT],
      ['resolve', event.dedup_key, AT],
    ]);
    expect(heard).toEqual(receiver.pages);
    expect(heard.map(describePage)).toEqual([
      'PagerDuty (bundled receiver)  2001-06-30 17:16  trigger  plumbline/Some/late-flights  critical  It is slow',
      'PagerDuty (bundled receiver)  2001-06-30 17:16  resolve  plumbline/Some/late-flights',
    ]);
  });

  it.each([
    ['a routing key of the wrong length', { ...event, routing_key: 'short' }, 'routing_key'],
    ['an unknown action', { ...event, event_action: 'shout' }, 'event_action'],
    ['a trigger without payload', { ...event, payload: undefined }, 'payload'],
    ['an unknown severity', { ...event, payload: { ...event.payload, severity: 'bad' } }, 'payload.severity'],
    ['a dedup_key that is too long', { ...event, dedup_key: 'x'.repeat(256) }, 'dedup_key'],
  ])('refuses %s', async (_, body, field) => {
    const { status, answer } = await post(JSON.stringify(body));
    expect(status).toBe(400);
    expect(JSON.stringify(answer)).toContain(field);
    expect(receiver.pages).toEqual([]);
  });

  it('refuses what is no JSON and other paths, and stays alive', async () => {
    expect((await post('{')).status).toBe(400);
    expect((await post(JSON.stringify(event), '/v2/other')).status).toBe(404);
    expect((await fetch(`${receiver.url}/v2/enqueue`)).status).toBe(405);
    expect((await post(JSON.stringify(event))).status).toBe(202);
  });
});
