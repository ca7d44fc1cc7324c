import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { systemClock } from '../../src/core/clock.ts';
import { notifyConfigSchema } from '../../src/notify/config.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { createNotifiers } from '../../src/notify/registry.ts';
import { messageOf } from '../notify/messages.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const SIGNING = `whsec_${Buffer.from(SECRET).toString('base64')}`;
const patience = { timeout_seconds: 0.5 };

/** Every notifier, pointed at a server of ours, with a secret and half a second of patience. */
const NOTIFIERS: readonly {
  readonly id: string;
  readonly secret: string;
  readonly config: (url: string) => z.input<typeof notifyConfigSchema>;
}[] = [
  { id: 'pagerduty', secret: SECRET, config: (url) => ({ pagerduty: { routing_key: SECRET, url, ...patience } }) },
  { id: 'alertmanager', secret: SECRET, config: (url) => ({ alertmanager: [{ url, token: SECRET, ...patience }] }) },
  { id: 'slack', secret: SECRET, config: (url) => ({ slack: { url: `${url}/services/T0/${SECRET}`, ...patience } }) },
  {
    id: 'ops',
    secret: SIGNING,
    config: (url) => ({ webhooks: [{ name: 'ops', url: `${url}/hook`, secret: SIGNING, ...patience }] }),
  },
];

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
});
const never = new AbortController().signal;

describe.each(NOTIFIERS)('notifier $id', ({ id, secret, config }) => {
  const make = (url: string): Notifier => {
    const [registered] = createNotifiers(notifyConfigSchema.parse(config(url)), { fetch, clock: systemClock });
    if (registered === undefined) throw new Error(`${id} is not registered.`);
    return registered.notifier;
  };

  test('is called as it is registered and states a rate', () => {
    const notifier = make(receiver.url);
    expect(notifier.id).toBe(id);
    expect(notifier.rate.perSecond).toBeGreaterThan(0);
    expect(notifier.rate.burst).toBeGreaterThanOrEqual(1);
  });

  test.each([
    [200, undefined],
    [202, undefined],
    [302, { retryable: false, reason: 'client' }],
    [400, { retryable: false, reason: 'client' }],
    [401, { retryable: false, reason: 'auth' }],
    [403, { retryable: false, reason: 'auth' }],
    [404, { retryable: false, reason: 'client' }],
    [408, { retryable: true, reason: 'timeout' }],
    [429, { retryable: true, reason: 'rate_limited' }],
    [500, { retryable: true, reason: 'server' }],
    [503, { retryable: true, reason: 'server' }],
  ])('classifies status %i', async (status, failure) => {
    receiver.answerWith({ status, body: `{"message":"refused ${secret}"}`, headers: { location: '/elsewhere' } });
    const before = receiver.received.length;
    const delivery = await make(receiver.url).deliver(messageOf(), never);
    expect(delivery).toEqual(
      failure === undefined
        ? { ok: true }
        : { ok: false, ...failure, detail: `HTTP ${status} {"message":"refused [secret]"}` },
    );
    expect(receiver.received).toHaveLength(before + 1);
  });

  test('passes on how long the receiver wants to be left alone', async () => {
    receiver.answerWith({ status: 429, headers: { 'retry-after': '120' } });
    expect(await make(receiver.url).deliver(messageOf(), never)).toMatchObject({ retryAfterMs: 120_000 });
  });

  test('gives up a receiver that does not answer in time', async () => {
    receiver.answerWith('hang');
    expect(await make(receiver.url).deliver(messageOf(), never)).toEqual({
      ok: false,
      retryable: true,
      reason: 'timeout',
      detail: 'no answer within 500 ms',
    });
  });

  test('gives up at once when it is told to', async () => {
    receiver.answerWith('hang');
    expect(await make(receiver.url).deliver(messageOf(), AbortSignal.abort())).toMatchObject({
      ok: false,
      retryable: true,
      detail: 'aborted',
    });
  });

  test('tries again later when nobody listens', async () => {
    const gone = await startReceiver();
    await gone.stop();
    const delivery = await make(gone.url).deliver(messageOf(), never);
    expect(delivery).toMatchObject({ ok: false, retryable: true, reason: 'server' });
    expect(JSON.stringify(delivery)).toContain('ECONNREFUSED');
  });

  test('bounds what it reads and repeats of an answer', async () => {
    receiver.answerWith({ status: 500, body: 'x'.repeat(5_000_000) });
    const delivery = await make(receiver.url).deliver(messageOf(), never);
    expect(JSON.stringify(delivery).length).toBeLessThan(700);
  });

  test('carries the dedup_key with trigger and resolve', async () => {
    receiver.answerWith();
    for (const action of ['trigger', 'resolve'] as const) {
      await make(receiver.url).deliver(messageOf({ action }), never);
      expect(JSON.stringify(receiver.received.at(-1)?.body)).toContain(messageOf().dedupKey);
    }
  });
});
