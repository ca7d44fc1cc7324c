import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { FakeClock } from '../../src/core/clock.ts';
import type { Delivery, Notifier } from '../../src/notify/notifier.ts';
import { OutboxWorker } from '../../src/notify/outbox-worker.ts';
import type { AlertMessage } from '../../src/store/queries/outbox.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { entryOf, messageOf } from './messages.ts';

const OK: Delivery = { ok: true };
const DOWN: Delivery = { ok: false, retryable: true, reason: 'server', detail: 'HTTP 503' };
const LIMITED: Delivery = {
  ok: false,
  retryable: true,
  reason: 'rate_limited',
  detail: 'HTTP 429',
  retryAfterMs: 120_000,
};
const REFUSED: Delivery = { ok: false, retryable: false, reason: 'client', detail: 'HTTP 400' };

/** A receiver that answers as told and keeps what it was sent, as "scopeKey action". */
class ScriptedNotifier implements Notifier {
  readonly id: string;
  readonly rate: Notifier['rate'];
  readonly sent: string[] = [];
  readonly answers: Delivery[];

  constructor(answers: readonly Delivery[], options: { readonly id?: string; readonly rate?: Notifier['rate'] } = {}) {
    this.answers = [...answers];
    this.id = options.id ?? 'pagerduty';
    this.rate = options.rate ?? { perSecond: 1000, burst: 1000 };
  }

  async deliver(message: AlertMessage): Promise<Delivery> {
    this.sent.push(`${message.scopeKey} ${message.action}`);
    return this.answers.shift() ?? OK;
  }
}

function setUp(messages: readonly AlertMessage[], notifiers: readonly Notifier[]) {
  const clock = new FakeClock(1_000_000);
  const outbox = new MemoryOutbox(messages.map((message) => entryOf(message)));
  const registry = new Registry();
  const make = () =>
    new OutboxWorker({
      notifiers,
      store: outbox,
      clock,
      random: () => 0.5,
      logger: pino({ level: 'silent' }),
      telemetry: new Telemetry(new Registry()),
    });
  const worker = new OutboxWorker({
    notifiers,
    store: outbox,
    clock,
    random: () => 0.5,
    logger: pino({ level: 'silent' }),
    telemetry: new Telemetry(registry),
  });
  return { clock, outbox, registry, worker, make };
}

/** Trigger and resolve of an alert on one model, fired and resolved at those minutes. */
function pair(model: string, minute = 0): readonly [AlertMessage, AlertMessage] {
  const scope = { model, scopeKey: model, episode: `A/${model}/${minute}`, dedupKey: `plumbline/A/${model}` };
  return [
    messageOf({ ...scope, action: 'trigger', atMs: minute * 60_000 }),
    messageOf({ ...scope, action: 'resolve', atMs: (minute + 1) * 60_000 }),
  ];
}

test('trigger and resolve that both wait are both sent, in order, also over several episodes', async () => {
  const notifier = new ScriptedNotifier([]);
  const { worker, outbox } = setUp([...pair('m', 10), ...pair('m', 0)].reverse(), [notifier]);
  expect(await worker.runOnce()).toMatchObject({ delivered: 4, pending: 0, nextDueMs: undefined });
  expect(notifier.sent).toEqual(['m trigger', 'm resolve', 'm trigger', 'm resolve']);
  expect(outbox.entries.map(({ state, attempts }) => `${state} ${attempts}`)).toEqual(Array(4).fill('delivered 1'));
});

test('a resolve waits while its trigger cannot be delivered, and other alerts do not', async () => {
  const notifier = new ScriptedNotifier([DOWN]);
  const { worker, clock, outbox } = setUp([...pair('a'), ...pair('b')], [notifier]);
  expect(await worker.runOnce()).toMatchObject({ delivered: 2, retried: 1, pending: 2 });
  expect(notifier.sent).toEqual(['a trigger', 'b trigger', 'b resolve']);
  const [trigger, resolve] = outbox.entries;
  expect(trigger).toMatchObject({
    state: 'pending',
    attempts: 1,
    detail: 'server: HTTP 503',
    nextAttemptMs: clock.now() + 1500,
  });
  expect(resolve).toMatchObject({ state: 'pending', attempts: 0 });
  await worker.runOnce();
  expect(notifier.sent).toHaveLength(3);
  clock.advance(1500);
  expect(await worker.runOnce()).toMatchObject({ delivered: 2, pending: 0 });
  expect(notifier.sent.slice(3)).toEqual(['a trigger', 'a resolve']);
});

test('the time of the next attempt outlives the process', async () => {
  const notifier = new ScriptedNotifier([DOWN, DOWN]);
  const { worker, clock, outbox, make } = setUp(pair('m'), [notifier]);
  await worker.runOnce();
  await make().runOnce();
  expect(notifier.sent).toEqual(['m trigger']);
  clock.advance(1500);
  await make().runOnce();
  expect(outbox.entries[0]).toMatchObject({ attempts: 2, nextAttemptMs: clock.now() + 3000 });
});

test('a message that is refused for good is parked with its reason and does not stop the next', async () => {
  const notifier = new ScriptedNotifier([REFUSED]);
  const { worker, outbox } = setUp(pair('m'), [notifier]);
  expect(await worker.runOnce()).toMatchObject({ delivered: 1, parked: 1, pending: 0 });
  expect(outbox.entries.map(({ state, detail }) => [state, detail])).toEqual([
    ['parked', 'client: HTTP 400'],
    ['delivered', ''],
  ]);
});

test('a receiver that limits the rate is left alone by every alert until it said', async () => {
  const notifier = new ScriptedNotifier([LIMITED]);
  const { worker, clock } = setUp([...pair('a'), ...pair('b')], [notifier]);
  expect(await worker.runOnce()).toMatchObject({ retried: 1, pending: 4, nextDueMs: clock.now() + 120_000 });
  clock.advance(119_999);
  await worker.runOnce();
  expect(notifier.sent).toEqual(['a trigger']);
  clock.advance(1);
  expect(await worker.runOnce()).toMatchObject({ delivered: 4 });
});

test('a receiver that is down is asked three times a pass, not once for every alert', async () => {
  const notifier = new ScriptedNotifier(Array.from({ length: 100 }, () => DOWN));
  const { worker } = setUp(
    Array.from({ length: 50 }, (_, index) => pair(`m${index}`)[0]),
    [notifier],
  );
  expect(await worker.runOnce()).toMatchObject({ retried: 3, pending: 50 });
  expect(notifier.sent).toHaveLength(3);
  await worker.runOnce();
  expect(notifier.sent).toHaveLength(3);
});

test('a target that is down does not hold up another', async () => {
  const [down, up] = [new ScriptedNotifier([DOWN]), new ScriptedNotifier([], { id: 'other' })];
  const { worker, outbox } = setUp(pair('m'), [down, up]);
  outbox.add(pair('m').map((message) => entryOf(message, { deliveryId: `other/${message.action}`, target: 'other' })));
  expect(await worker.runOnce()).toMatchObject({ delivered: 2, retried: 1, pending: 2 });
  expect(up.sent).toEqual(['m trigger', 'm resolve']);
});

test('a target gets no more messages at once than its rate allows', async () => {
  const notifier = new ScriptedNotifier([], { rate: { perSecond: 2, burst: 3 } });
  const { worker, clock } = setUp(
    Array.from({ length: 5 }, (_, index) => pair(`m${index}`)[0]),
    [notifier],
  );
  expect(await worker.runOnce()).toMatchObject({ delivered: 3, pending: 2, nextDueMs: clock.now() + 500 });
  clock.advance(500);
  expect(await worker.runOnce()).toMatchObject({ delivered: 1, pending: 1 });
});

test('a message whose receipt could not be stored is not sent again by the same process', async () => {
  const notifier = new ScriptedNotifier([]);
  const { worker, outbox } = setUp(pair('m'), [notifier]);
  outbox.failSaves = 1;
  await expect(worker.runOnce()).rejects.toThrow('The store is away.');
  expect(await worker.runOnce()).toMatchObject({ delivered: 1, pending: 0 });
  expect(notifier.sent).toEqual(['m trigger', 'm resolve']);
  expect(outbox.entries.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
});

test('messages to a target that is no longer configured, and bodies that cannot be read, are parked', async () => {
  const { worker, outbox } = setUp([], [new ScriptedNotifier([])]);
  outbox.add([
    entryOf(messageOf(), { deliveryId: 'gone', target: 'gone' }),
    entryOf(messageOf(), { deliveryId: 'torn', body: '{"action":' }),
  ]);
  expect(await worker.runOnce()).toMatchObject({ parked: 2, pending: 0 });
  expect(outbox.entries.map(({ detail }) => detail)).toEqual([
    'no notifier is called gone',
    'client: the stored message cannot be read',
  ]);
});

test('attempts and what is still owed are counted by target', async () => {
  const { worker, registry } = setUp(
    [...pair('a'), ...pair('b'), ...pair('c')],
    [new ScriptedNotifier([DOWN, REFUSED])],
  );
  // From 0 on, or Prometheus would not see the first one.
  expect(await registry.metrics()).toContain(
    'plumbline_delivery_attempts_total{target="pagerduty",outcome="parked"} 0',
  );
  await worker.runOnce();
  const text = await registry.metrics();
  expect(text).toContain('plumbline_delivery_attempts_total{target="pagerduty",outcome="retry"} 1');
  expect(text).toContain('plumbline_delivery_attempts_total{target="pagerduty",outcome="parked"} 1');
  expect(text).toContain('plumbline_delivery_attempts_total{target="pagerduty",outcome="delivered"} 3');
  expect(text).toContain('plumbline_delivery_pending{target="pagerduty"} 2');
});

test('the worker delivers in the background, stops, and stops twice', async () => {
  const notifier = new ScriptedNotifier([]);
  const { worker, outbox } = setUp(pair('m'), [notifier]);
  worker.start();
  worker.start();
  worker.wake();
  await worker.runOnce();
  await worker.stop();
  await worker.stop();
  expect(outbox.entries.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
  expect(notifier.sent).toEqual(['m trigger', 'm resolve']);
});
