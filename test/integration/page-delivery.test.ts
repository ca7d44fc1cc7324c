import { mkdirSync, writeFileSync } from 'node:fs';
import { createClient } from '@clickhouse/client';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { ConfigInput } from '../../src/config/schema.ts';
import { attachToEngine } from '../../src/store/engine/embedded-engine.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';
import { NDJSON, predictionLine, request } from '../support/client.ts';
import { waitFor } from '../support/processes.ts';
import { SLOW_RULE } from '../support/slow-rule.ts';
import { ask, type ServiceProcess, ServiceYard } from '../support/service.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const HOOK_SECRET = `whsec_${Buffer.from('a webhook secret of 32 bytes, yes').toString('base64')}`;
const MINUTE = 60_000;

const yard = new ServiceYard();
let pagerduty: Receiver;
let others: Receiver;
beforeEach(async () => {
  [pagerduty, others] = await Promise.all([startReceiver(), startReceiver()]);
});
afterEach(async () => {
  await Promise.all([pagerduty.stop(), others.stop()]);
});
afterAll(async () => {
  await yard.end();
});

function folder(notify: ConfigInput['notify'] = {}): string {
  const path = yard.folder();
  mkdirSync(`${path}/rules`);
  writeFileSync(`${path}/rules/slow-now.yaml`, SLOW_RULE);
  yard.configure(path, {
    rules: [`${path}/rules`],
    notify: { pagerduty: { routing_key: KEY, url: pagerduty.url, webhook_secrets: ['s3cret'] }, ...notify },
  });
  return path;
}

/** Loads twelve minutes of a model, slow from the third to the sixth, and makes the service believe that it missed them. */
async function missMinutes(path: string, service: ServiceProcess): Promise<void> {
  const first = Math.floor(Date.now() / MINUTE) * MINUTE - 12 * MINUTE;
  const lines = Array.from({ length: 120 }, (_, index) => {
    const atMs = first + index * 6000 + 1000;
    const minute = Math.floor(index / 10);
    const latency_ms = minute >= 2 && minute < 6 ? 460 : 20;
    return predictionLine(`p-${index}`, { model: 'm', ts: new Date(atMs).toISOString(), latency_ms });
  });
  const answer = await request(`${service.url}/v1/predictions`, { body: lines.join('\n'), headers: NDJSON });
  expect(answer.receipt()).toMatchObject({ accepted: 120 });
  const endpoint = attachToEngine(`${path}/data`);
  if (endpoint === undefined) throw new Error('No engine runs.');
  const client = createClient({ ...endpoint, database: 'plumbline', keep_alive: { enabled: false } });
  const row = { job: 'minute_loop', done_to: text(first), updated: text(Date.now() + 60 * MINUTE) };
  await client.insert({ table: 'job_progress', values: [row], format: 'JSONEachRow' });
  await client.close();
}

const text = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const events = (receiver: Receiver): readonly string[] =>
  receiver.received.map(({ body }) => `${String(body['event_action'])} ${String(body['dedup_key'])}`);
const DEDUP_KEY = 'plumbline/m/critical';

test('missed minutes are caught up, and a page that a kill kept from being delivered is delivered once and resolved', {
  timeout: 120_000,
}, async () => {
  const path = folder();
  const first = await yard.start(path);
  await missMinutes(path, first);
  first.kill('SIGKILL');
  await first.closed;
  pagerduty.answerWith(...Array.from({ length: 50 }, () => ({ status: 503 })));
  const second = await yard.start(path);
  // The decision is stored and the receiver refuses: this is between decision and delivery.
  await waitFor('a refused attempt', () => (pagerduty.received.length > 0 ? true : undefined));
  second.kill('SIGKILL');
  await second.closed;
  const refused = pagerduty.received.length;
  pagerduty.answerWith();
  const third = await yard.start(path);
  await waitFor('the resolve', () =>
    events(pagerduty).slice(refused).includes(`resolve ${DEDUP_KEY}`) ? true : undefined,
  );
  expect(events(pagerduty).slice(refused)).toEqual([`trigger ${DEDUP_KEY}`, `resolve ${DEDUP_KEY}`]);
  expect(new Set(events(pagerduty).slice(0, refused))).toEqual(new Set([`trigger ${DEDUP_KEY}`]));
  expect(await yard.stop(third)).toEqual({ code: 0, signal: null });
  const logged = JSON.stringify([first, second, third].flatMap((service) => service.log()));
  expect(logged).toContain('"event":"delivered"');
  expect(logged).not.toContain(KEY);
  expect(logged).not.toContain('s3cret');
});

test('silences, other receivers, deploys and what people do in PagerDuty, through the whole service', {
  timeout: 120_000,
}, async () => {
  const path = folder({
    webhooks: [{ name: 'ops', url: `${others.url}/hook`, secret: HOOK_SECRET }],
    slack: { url: `${others.url}/services/T0/slack-secret-path` },
    alertmanager: { url: others.url, token: 'alertmanager-token' },
  });
  const first = await yard.start(path);
  await missMinutes(path, first);
  const silence = {
    matchers: [{ name: 'model', value: 'm.*', isRegex: true }],
    comment: 'we know',
    created_by: 'ann',
    starts_at: new Date(Date.now() - 60 * MINUTE).toISOString(),
    ends_at: new Date(Date.now() + 60 * MINUTE).toISOString(),
  };
  const json = { 'content-type': 'application/json' };
  const post = (body: unknown) => request(`${first.url}/v1/silences`, { body: JSON.stringify(body), headers: json });
  expect((await post({ ...silence, ends_at: '2020-01-01T00:00:00Z' })).status).toBe(400);
  expect((await post({ ...silence, matchers: [{ name: 'model', value: '(', isRegex: true }] })).status).toBe(400);
  const made = await post(silence);
  expect(made.status).toBe(201);
  const { id } = z.object({ id: z.string() }).parse(made.json());
  expect(await yard.stop(first)).toEqual({ code: 0, signal: null });

  const second = await yard.start(path);
  await waitFor('the alert to be over', async () => {
    const [row] = await ask(
      path,
      z.object({ n: z.number() }),
      `SELECT count() AS n FROM alert_history WHERE transition = 'resolved'`,
    );
    return row !== undefined && row.n > 0 ? true : undefined;
  });
  expect(pagerduty.received).toEqual([]);
  expect(others.received).toEqual([]);
  expect(second.log().map((line) => line['reason'])).toContain(`silence ${id}: we know`);
  expect((await request(`${second.url}/v1/silences/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await request(`${second.url}/v1/silences/${id}`, { method: 'DELETE' })).status).toBe(404);
  expect((await request(`${second.url}/v1/silences`)).json()).toEqual([]);
  expect(await yard.stop(second)).toEqual({ code: 0, signal: null });
});
