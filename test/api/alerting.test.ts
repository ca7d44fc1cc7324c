import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';
import { expectProblem, NDJSON, predictionLine, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';

const MINUTE = 60_000;
const SECRET = 'a webhook secret of PagerDuty';
const JSON_TYPE = { 'content-type': 'application/json' };
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 12 * MINUTE;
const RULE = `alert: SlowNow
severity: critical
for: 1m
when:
  all:
    - { signal: latency_p99_seconds, above: 0.2 }
    - { signal: requests_per_second, above: 0 }
summary: "{{model}}: p99 {{latency_p99_seconds}}"
runbook: LatencyBudgetBurnsFast
actions: [page]
`;

let folder: string;
let pagerduty: Receiver;
let trainer: Receiver;
let service: Service;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-rules-'));
  mkdirSync(`${folder}/rules`);
  writeFileSync(`${folder}/rules/slow-now.yaml`, RULE);
  [pagerduty, trainer] = await Promise.all([startReceiver(), startReceiver()]);
  const retrain = {
    target: { type: 'cloudevents', url: `${trainer.url}/retrain` },
    approval: true,
    min_fresh_labels: 0,
  } as const;
  service = await startInProcess({
    rules: [`${folder}/rules`],
    models: [
      { name: 'm', retrain },
      { name: 'n', retrain },
    ],
    notify: {
      pagerduty: { routing_key: '0123456789abcdef0123456789abcdef', url: pagerduty.url, webhook_secrets: [SECRET] },
      maintenance: [{ comment: 'new nodes', models: ['asleep'], start: iso(START), end: iso(START + 60 * MINUTE) }],
    },
  });
});
afterAll(async () => {
  await Promise.all([service.stop(), pagerduty.stop(), trainer.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const iso = (ms: number): string => new Date(ms).toISOString();

async function send(path: string, lines: readonly string[]): Promise<void> {
  const answer = await request(`${service.url}${path}`, { body: lines.join('\n'), headers: NDJSON });
  expect(answer.receipt()).toMatchObject({ rejected: 0 });
}

async function runMinutes(from: number, to: number): Promise<void> {
  for (let minute = from; minute < to; minute += 1) await service.loop.runMinute(START + minute * MINUTE);
  await service.worker.runOnce();
}

const alertSchema = z.array(
  z.object({ model: z.string(), state: z.string(), acknowledged: z.record(z.string(), z.string()).nullable() }),
);
const alerts = async () => alertSchema.parse((await request(`${service.url}/v1/alerts`)).json());

function webhook(change: Readonly<Record<string, unknown>>, secret = SECRET) {
  const event = {
    id: '01',
    event_type: 'incident.acknowledged',
    occurred_at: iso(START + 5 * MINUTE),
    agent: { type: 'user_reference', summary: 'Ann' },
    data: {
      type: 'incident',
      incident_key: 'plumbline/m/critical',
      html_url: 'https://acme.pagerduty.com/incidents/1',
    },
    ...change,
  };
  const body = JSON.stringify({ event });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return request(`${service.url}/v1/pagerduty`, {
    body,
    headers: { ...JSON_TYPE, 'x-pagerduty-signature': `v1=${'0'.repeat(64)},v1=${signature}` },
  });
}

test('a page goes to PagerDuty, and nobody is woken for a model in maintenance', async () => {
  await send(
    '/v1/predictions',
    ['m', 'asleep'].flatMap((model) =>
      Array.from({ length: 24 }, (_, index) => {
        const ts = iso(START + index * 15_000);
        return predictionLine(`${model}-${index}`, { model, ts, latency_ms: 460 });
      }),
    ),
  );
  await runMinutes(0, 4);
  expect(pagerduty.received.map(({ path, body }) => [path, body['event_action'], body['dedup_key']])).toEqual([
    ['/v2/enqueue', 'trigger', 'plumbline/m/critical'],
  ]);
  expect(await alerts()).toEqual(
    ['asleep', 'm'].map((model) => expect.objectContaining({ model, state: 'firing', acknowledged: null })),
  );
});

test('what somebody does with a page in PagerDuty is taken in when it is signed, and shown with its alert', async () => {
  expectProblem(await webhook({}, 'another secret'), 401, /not signed/);
  const unsigned = await request(`${service.url}/v1/pagerduty`, { body: '{}', headers: JSON_TYPE });
  expectProblem(unsigned, 401, /not signed/);
  expectProblem(await webhook({ event_type: 7 }), 400, /event\.event_type/);
  expect((await webhook({ data: { incident_key: 'of somebody else' } })).json()).toEqual({ taken: false });
  expect((await webhook({ event_type: 'service.updated' })).json()).toEqual({ taken: false });
  expect((await alerts()).every(({ acknowledged }) => acknowledged === null)).toBe(true);
  expect((await webhook({})).json()).toEqual({ taken: true });
  // PagerDuty sends again what it got no answer for.
  expect((await webhook({})).json()).toEqual({ taken: true });
  expect(await alerts()).toEqual([
    expect.objectContaining({ model: 'asleep', acknowledged: null }),
    expect.objectContaining({
      model: 'm',
      acknowledged: {
        at: iso(START + 5 * MINUTE),
        by: 'Ann',
        response: 'acknowledged',
        url: 'https://acme.pagerduty.com/incidents/1',
      },
    }),
  ]);
});

test('alert quality counts firings, the time until somebody took the page on and what a clause alone would have said', async () => {
  await webhook({ event_type: 'incident.resolved', occurred_at: iso(START + 6 * MINUTE) });
  await send(
    '/v1/predictions',
    Array.from({ length: 12 }, (_, index) =>
      predictionLine(`fast-${index}`, { model: 'fast', ts: iso(START + 4 * MINUTE + index * 15_000), latency_ms: 5 }),
    ),
  );
  await runMinutes(4, 9);
  const quality = (await request(`${service.url}/v1/alerts/quality`)).json();
  // The page was sent for the second minute.
  expect(quality).toMatchObject({
    rules: [
      {
        alert: 'SlowNow',
        fired: 2,
        resolved: 2,
        acknowledged: 1,
        seconds_to_acknowledge: { median: 240 },
        seconds_to_resolve: { median: 300 },
      },
    ],
    avoided: [{ alert: 'SlowNow', clause: 'requests_per_second above 0', alarms: 1, minutes: 2 }],
  });
  expect(pagerduty.received.map(({ body }) => body['event_action'])).toEqual(['trigger', 'resolve']);
});

test('a deploy is passed on to PagerDuty once, as a change event', async () => {
  const before = pagerduty.received.length;
  const event = { ts: iso(START + 9 * MINUTE), kind: 'deploy', title: 'v4 is out', model: 'm', version: '4' };
  await send('/v1/events', [JSON.stringify(event)]);
  await runMinutes(9, 11);
  const changes = pagerduty.received.slice(before);
  expect(changes.map(({ path }) => path)).toEqual(['/v2/change/enqueue']);
  expect(changes[0]?.body).toMatchObject({
    payload: { summary: 'm: version 4: v4 is out', source: 'm', timestamp: event.ts },
  });
});

test('retraining waits for a person: what is approved goes out once, what is rejected never', async () => {
  const row = { feature: '__score__', final: 1, level: 'major', psi_corrected: 0.4, evaluated_at: iso(START) };
  const hour = Math.floor(START / 3_600_000) * 3600;
  const windows = ['m', 'n'].flatMap((model) =>
    [3, 2].map((back) => ({ ...row, model, window_from: hour - back * 3600, window_to: hour - (back - 1) * 3600 })),
  );
  await service.store.insert('drift_results', windows);
  await runMinutes(11, 12);
  const requests = z
    .array(z.object({ id: z.string(), model: z.string(), state: z.string(), decided_by: z.string() }))
    .parse((await request(`${service.url}/v1/retrain`)).json());
  expect(requests.map(({ model, state }) => `${model} ${state}`).toSorted()).toEqual([
    'm awaiting_approval',
    'n awaiting_approval',
  ]);
  expect(trainer.received).toEqual([]);
  const decide = (model: string, verb: string) => {
    const id = requests.find((one) => one.model === model)?.id ?? '';
    return request(`${service.url}/v1/retrain/${id}/${verb}?by=ann`, { method: 'POST' });
  };
  expect((await decide('m', 'approve')).json()).toMatchObject({ model: 'm', state: 'requested', decided_by: 'ann' });
  expect((await decide('n', 'reject')).json()).toMatchObject({ model: 'n', state: 'rejected', decided_by: 'ann' });
  expectProblem(await decide('m', 'approve'), 404, /waits for approval/);
  expectProblem(await decide('n', 'approve'), 404, /waits for approval/);
  await service.worker.runOnce();
  expect(trainer.received.map(({ body }) => body['type'])).toEqual(['plumbline.model.retrain.requested']);
  expect(trainer.received[0]?.body).toMatchObject({ data: { model: 'm' } });
  const kept = (await request(`${service.url}/v1/retrain?model=n`)).json();
  expect(kept).toEqual([expect.objectContaining({ model: 'n', state: 'rejected' })]);
});

test('a silence may be written short, and says what it lacks', async () => {
  const post = (body: unknown) =>
    request(`${service.url}/v1/silences`, { body: JSON.stringify(body), headers: JSON_TYPE });
  const end = iso(START + 600 * MINUTE);
  const made = await post({ matcher: { model: 'm', severity: 'critical' }, reason: 'moving nodes', end });
  expect(made.status).toBe(201);
  expect(made.json()).toMatchObject({
    matchers: [
      { name: 'model', value: 'm', isRegex: false, isEqual: true },
      { name: 'severity', value: 'critical', isRegex: false, isEqual: true },
    ],
    comment: 'moving nodes',
    ends_at: end,
  });
  expectProblem(await post({ reason: 'why', end }), 400, 'matchers is required');
  expectProblem(await post({ matcher: { model: 'm' }, reason: 'why' }), 400, 'ends_at is required');
  const { id } = z.object({ id: z.string() }).parse(made.json());
  expect((await request(`${service.url}/v1/silences/${id}`, { method: 'DELETE' })).status).toBe(204);
});

test('a message that was refused for good is shown with its reason, and sent again when somebody says so', async () => {
  const slow = Array.from({ length: 8 }, (_, index) =>
    predictionLine(`parked-${index}`, { model: 'p', ts: iso(START + 12 * MINUTE + index * 15_000), latency_ms: 460 }),
  );
  await send('/v1/predictions', slow);
  // Changes of the tests before may be among what is refused.
  pagerduty.answerWith(...Array.from({ length: 20 }, () => ({ status: 400, body: '{"message":"not valid"}' })));
  const before = pagerduty.received.length;
  await runMinutes(12, 14);
  pagerduty.answerWith();
  const deliveries = z.array(z.looseObject({ id: z.string(), action: z.string() }));
  const triggers = async (state: string) =>
    deliveries
      .parse((await request(`${service.url}/v1/deliveries?target=pagerduty&state=${state}`)).json())
      .filter(({ action }) => action === 'trigger');
  const parked = await triggers('parked');
  const message = { target: 'pagerduty', alert: 'SlowNow', model: 'p', dedup_key: 'plumbline/p/critical' };
  const reason = 'client: HTTP 400 {"message":"not valid"}';
  expect(parked).toEqual([expect.objectContaining({ ...message, state: 'parked', reason })]);
  const id = parked[0]?.id ?? '';
  const retry = (body: unknown) =>
    request(`${service.url}/v1/deliveries/retry`, { body: JSON.stringify(body), headers: JSON_TYPE });
  expect((await retry({ id })).json()).toEqual({ sent_again: [id], refused: [] });
  await service.worker.runOnce();
  const sent = pagerduty.received
    .slice(before)
    .map(({ body }) => `${String(body['event_action'])} ${String(body['dedup_key'])}`);
  const trigger = 'trigger plumbline/p/critical';
  expect(sent.filter((one) => one === trigger)).toEqual([trigger, trigger]);
  expect(await triggers('parked')).toEqual([]);
  expect((await triggers('delivered')).map((one) => one.id)).toContain(id);
  expect((await retry({ id })).json()).toEqual({
    sent_again: [],
    refused: [{ id, reason: 'it is delivered, not parked' }],
  });
  expectProblem(await retry({ id: 'nothing' }), 404, 'There is no message nothing.');
  expectProblem(await retry({ target: 'nobody' }), 404, 'No message to nobody is parked.');
  expectProblem(await retry({}), 400, 'exactly one of id and target');
});

test('a silence made in the minute that fires keeps its page back', async () => {
  const startMs = START + 16 * MINUTE;
  const slow = Array.from({ length: 8 }, (_, index) =>
    predictionLine(`quiet-${index}`, { model: 'q', ts: iso(startMs + index * 15_000), latency_ms: 460 }),
  );
  const silence = {
    matcher: { model: 'q' },
    reason: 'we see it',
    starts_at: iso(Date.now()),
    end: iso(START + 600 * MINUTE),
  };
  await send('/v1/predictions', slow);
  await runMinutes(16, 17);
  const before = pagerduty.received.length;
  await request(`${service.url}/v1/silences`, { body: JSON.stringify(silence), headers: JSON_TYPE });
  await runMinutes(17, 18);
  expect((await alerts()).filter(({ model }) => model === 'q')).toMatchObject([{ state: 'firing' }]);
  expect(pagerduty.received.slice(before).filter(({ text }) => text.includes('plumbline/q/'))).toEqual([]);
});
