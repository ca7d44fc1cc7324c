import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AlertEvaluator } from '../../src/alerting/alert-evaluator.ts';
import { type AlertStore, createAlertStore } from '../../src/alerting/alert-store.ts';
import { routingConfigSchema } from '../../src/alerting/routing-config.ts';
import type { Rule } from '../../src/alerting/rule.ts';
import { FakeClock } from '../../src/core/clock.ts';
import { createOutboxStore } from '../../src/notify/outbox-store.ts';
import { OutboxWorker } from '../../src/notify/outbox-worker.ts';
import { createPagerDutyNotifier, pagerDutySettings } from '../../src/notify/pagerduty.ts';
import { avoidedAlarms, ruleQualityQuery } from '../../src/store/queries/alert-quality.ts';
import { alertHistoryQuery } from '../../src/store/queries/alerting.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { MINUTE, ruleOf, START } from './rules.ts';

const logger = pino({ level: 'silent' });
const rule = ruleOf(
  'BusyAndSlow',
  `severity: critical
for: 2m
keep_firing_for: 2m
actions: [page]
when:
  all:
    - { signal: gpu_utilization_ratio, above: 0.85 }
    - { signal: latency_p99_seconds, above: slo_latency_p99_seconds }
`,
);
const DEDUP_KEY = 'plumbline/BusyAndSlow/m';

let running: TestStore;
let receiver: Receiver;
let clock: FakeClock;
beforeAll(async () => {
  [running, receiver] = await Promise.all([startTestStore(), startReceiver()]);
});
afterAll(async () => {
  await Promise.all([running.stop(), receiver.stop()]);
});
beforeEach(async () => {
  for (const table of ['signals', 'signals_by_day', 'alert_states', 'alert_history', 'outbox', 'clause_states']) {
    await running.store.command({ name: 'empty', sql: `TRUNCATE TABLE ${table}` });
  }
  clock = new FakeClock(START + 60 * MINUTE);
});

/** Writes a minute's values of model m, bad or fine; the letters are minutes from START: b, f, or - for no data. */
async function writeMinutes(letters: string, firstMinute = 0, evaluatedAt = START): Promise<void> {
  const rows = letters.split('').flatMap((letter, index) => {
    const t = new Date(START + (firstMinute + index) * MINUTE).toISOString();
    const row = {
      t,
      model: 'm',
      state: letter === '-' ? 'no_data' : 'ok',
      evaluated_at: new Date(evaluatedAt).toISOString(),
    };
    const value = (signal: string, bad: number, fine: number) => ({
      ...row,
      signal,
      value: letter === 'b' ? bad : fine,
    });
    return [
      value('gpu_utilization_ratio', 0.95, 0.4),
      value('latency_p99_seconds', 0.46, 0.1),
      value('slo_latency_p99_seconds', 0.2, 0.2),
      // Finer levels must not leak into the model's value.
      { ...value('gpu_utilization_ratio', 0.1, 0.99), gpu: 'GPU-1' },
      { ...value('latency_p99_seconds', 0.01, 9), version: '7' },
    ];
  });
  await running.store.insert('signals', rows);
}

function load(
  options: { readonly rules?: readonly Rule[]; readonly store?: Partial<AlertStore> } = {},
): Promise<AlertEvaluator> {
  return AlertEvaluator.load({
    rules: options.rules ?? [rule],
    store: { ...createAlertStore({ store: running.store, clock }), ...options.store },
    clock,
    logger,
    telemetry: new Telemetry(new Registry()),
    threshold: () => undefined,
    targets: [{ id: 'pagerduty', actions: ['page'], groupBy: ['alert', 'scope'], refreshMs: undefined }],
    routing: routingConfigSchema.parse({}),
    mutes: async () => [],
    linksFor: ({ model }) => [{ text: 'Model', href: `http://127.0.0.1/models/${model}` }],
  });
}

function makeWorker(): OutboxWorker {
  const settings = pagerDutySettings.parse({ routing_key: '0123456789abcdef0123456789abcdef', url: receiver.url });
  return new OutboxWorker({
    notifiers: [createPagerDutyNotifier({ settings, fetch })],
    store: createOutboxStore({ store: running.store, clock }),
    clock,
    random: () => 0.5,
    logger,
    telemetry: new Telemetry(new Registry()),
  });
}

/** Delivers what is owed and returns what the receiver got, as "action dedup_key". */
async function deliver(): Promise<readonly string[]> {
  const before = receiver.received.length;
  await makeWorker().runOnce();
  return receiver.received
    .slice(before)
    .map(({ body }) => `${String(body['event_action'])} ${String(body['dedup_key'])}`);
}

const minutes = (from: number, to: number) => ({ fromMs: START + from * MINUTE, toMs: START + to * MINUTE });

async function history(): Promise<readonly string[]> {
  const from = START / 1000;
  const rows = await running.store.query(alertHistoryQuery, { model: 'm', from, to: from + 86_400 });
  return rows.map(({ atMs, transition }) => `${(atMs - START) / MINUTE} ${transition}`);
}

test('a compound alert is paged once and taken back with the same dedup_key', async () => {
  await writeMinutes('fbbbbbffff');
  const report = await (await load()).evaluateMinutes(minutes(0, 10));
  expect(report).toMatchObject({ minutes: 10, deliveries: 2, firing: 0 });
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`, `resolve ${DEDUP_KEY}`]);
  expect(await deliver()).toEqual([]);
  expect(await history()).toEqual(['1 pending', '3 firing', '6 keep_firing', '8 resolved']);
});

test('an evaluator killed between outbox and delivery is followed by one that pages once, and resolves', async () => {
  await writeMinutes('fbbbbb');
  await (await load()).evaluateMinutes(minutes(0, 5));
  const second = await load();
  await second.evaluateMinutes(minutes(5, 6));
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`]);
  await writeMinutes('ffff', 6);
  await (await load()).evaluateMinutes(minutes(6, 10));
  expect(await deliver()).toEqual([`resolve ${DEDUP_KEY}`]);
  expect(await history()).toEqual(['1 pending', '3 firing', '6 keep_firing', '8 resolved']);
});

test('minutes decided again after a crash between outbox and state owe nothing a second time', async () => {
  await writeMinutes('fbbbbb');
  const writeStates = () => Promise.reject(new Error('killed'));
  const killed = await load({ store: { writeStates } });
  await expect(killed.evaluateMinutes(minutes(0, 6))).rejects.toThrow('killed');
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`]);
  const report = await (await load()).evaluateMinutes(minutes(0, 6));
  expect(report.firing).toBe(1);
  expect(await deliver()).toEqual([]);
});

test('an evaluator whose database fails goes on from where it was when it is asked again', async () => {
  await writeMinutes('fbbbbbffff');
  let failures = 1;
  const real = createAlertStore({ store: running.store, clock });
  const writeOutbox: AlertStore['writeOutbox'] = (entries) => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(new Error('away')) : real.writeOutbox(entries);
  };
  const evaluator = await load({ store: { writeOutbox } });
  await expect(evaluator.evaluateMinutes(minutes(0, 10))).rejects.toThrow('away');
  expect(evaluator.alerts).toEqual([]);
  await evaluator.evaluateMinutes(minutes(0, 10));
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`, `resolve ${DEDUP_KEY}`]);
});

test('a page that minutes decided again do not confirm is taken back', async () => {
  await writeMinutes('fbbbbb');
  const writeStates = () => Promise.reject(new Error('killed'));
  await expect((await load({ store: { writeStates } })).evaluateMinutes(minutes(0, 6))).rejects.toThrow('killed');
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`]);
  await writeMinutes('ffffff', 0, START + 1000);
  await (await load()).evaluateMinutes(minutes(0, 6));
  expect(await deliver()).toEqual([`resolve ${DEDUP_KEY}`]);
});

test('the page of a rule that was removed is taken back', async () => {
  await writeMinutes('fbbbbbb');
  await (await load()).evaluateMinutes(minutes(0, 6));
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`]);
  const without = await load({ rules: [] });
  expect(await without.evaluateMinutes(minutes(6, 7))).toMatchObject({ firing: 0 });
  expect(await deliver()).toEqual([`resolve ${DEDUP_KEY}`]);
  expect(await history()).toEqual(['1 pending', '3 firing', '6 resolved']);
});

test('history that is loaded pages nobody, but what still fires afterwards does', async () => {
  await writeMinutes('bbbbfffffbbbbbb');
  const evaluator = await load();
  expect(await evaluator.evaluateMinutes({ ...minutes(0, 14), deliver: false })).toMatchObject({
    deliveries: 0,
    firing: 1,
  });
  expect(await deliver()).toEqual([]);
  await evaluator.evaluateMinutes(minutes(14, 15));
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`]);
  expect(receiver.received.at(-1)?.body).toMatchObject({
    payload: { timestamp: new Date(START + 11 * MINUTE).toISOString() },
  });
});

test('a page that was refused is tried once more after a restart while the alert still fires', async () => {
  await writeMinutes('fbbbbbbb');
  await (await load()).evaluateMinutes(minutes(0, 6));
  receiver.answerWith({ status: 403, body: 'wrong key' });
  await deliver();
  expect(await deliver()).toEqual([]);
  await (await load()).evaluateMinutes(minutes(6, 7));
  expect(await deliver()).toEqual([`trigger ${DEDUP_KEY}`]);
  await (await load()).evaluateMinutes(minutes(7, 8));
  expect(await deliver()).toEqual([]);
});

test('minutes in another state than ok have no value, and the newest evaluation of a minute counts', async () => {
  await writeMinutes('bbbbbb');
  await writeMinutes('-', 1, START + 1000);
  await (await load()).evaluateMinutes(minutes(0, 4));
  expect(await history()).toEqual(['0 pending', '1 cancelled', '2 pending']);
});

test('one evaluator and one that is restarted every minute come to the same', async () => {
  await writeMinutes('fbbbb-bffbfffbbbfffff');
  await (await load()).evaluateMinutes(minutes(0, 21));
  const [whole, sent] = [await history(), await deliver()];
  for (const table of ['alert_states', 'alert_history', 'outbox']) {
    await running.store.command({ name: 'empty', sql: `TRUNCATE TABLE ${table}` });
  }
  const resent: string[] = [];
  for (let minute = 0; minute < 21; minute += 1) {
    await (await load()).evaluateMinutes(minutes(minute, minute + 1));
    resent.push(...(await deliver()));
  }
  expect(await history()).toEqual(whole);
  expect(resent).toEqual(sent);
  expect(sent).toHaveLength(4);
});

test('what one clause alone would have alarmed is counted through restarts, unless the rule fired as well', async () => {
  const busy = (letters: string) =>
    running.store.insert(
      'signals',
      letters.split('').flatMap((letter, index) => {
        const row = { t: new Date(START + index * MINUTE).toISOString(), model: 'm', state: 'ok', evaluated_at: row0 };
        return [
          { ...row, signal: 'gpu_utilization_ratio', value: letter === 'f' ? 0.4 : 0.95 },
          { ...row, signal: 'latency_p99_seconds', value: letter === 'b' ? 0.46 : 0.1 },
          { ...row, signal: 'slo_latency_p99_seconds', value: 0.2 },
        ];
      }),
    );
  const row0 = new Date(START).toISOString();
  await running.store.command({ name: 'empty', sql: 'TRUNCATE TABLE avoided_alarms' });
  // Busy alone for four and for six minutes, then busy and slow.
  await busy('fggggffggggggffbbbbbff');
  let evaluator = await load();
  for (let minute = 0; minute < 22; minute += 1) {
    // While the clause alarms alone, and after the rule has confirmed it.
    if (minute === 11 || minute === 18) evaluator = await load();
    await evaluator.evaluateMinutes(minutes(minute, minute + 1));
  }
  const range = { from: START / 1000, to: START / 1000 + 3600 };
  expect(await running.store.query(avoidedAlarms, range)).toEqual([
    { alert: 'BusyAndSlow', clause: 'gpu_utilization_ratio above 0.85', alarms: 2, minutes: 6 },
  ]);
  const [quality] = await running.store.query(ruleQualityQuery, { from: START, to: START + 60 * MINUTE });
  expect(quality).toMatchObject({ alert: 'BusyAndSlow', fired: 1, resolved: 0, medianSeconds: null });
  expect(quality?.weeks).toEqual([[Date.UTC(2026, 10, 16), 1]]);
});
