import { mkdirSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Lease } from '../../src/alerting/lease.ts';
import { systemClock } from '../../src/core/clock.ts';
import { defineQuery } from '../../src/store/query.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';
import { NDJSON, predictionLine, request } from '../support/client.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { waitFor } from '../support/processes.ts';
import { SLOW_RULE } from '../support/slow-rule.ts';
import { type ServiceProcess, ServiceYard } from '../support/service.ts';

const MINUTE = 60_000;
const MISSED = 40;
/** Slow from the third minute to here; the leader is killed long before it gets so far. */
const SLOW_UNTIL = 34;

const yard = new ServiceYard();
let database: TestStore;
let pagerduty: Receiver;
beforeAll(async () => {
  [database, pagerduty] = await Promise.all([startTestStore(), startReceiver()]);
});
afterAll(async () => {
  await yard.end();
  await Promise.all([database.stop(), pagerduty.stop()]);
});

/** Starts a replica with a folder of its own on the one database. */
function startReplica(): Promise<ServiceProcess> {
  const path = yard.folder();
  mkdirSync(`${path}/rules`);
  writeFileSync(`${path}/rules/slow-now.yaml`, SLOW_RULE);
  yard.configure(path, {
    clickhouse: { ...database.engine.endpoint, database: 'plumbline' },
    evaluation: { lease: '10s' },
    rules: [`${path}/rules`],
    notify: { pagerduty: { routing_key: '0123456789abcdef0123456789abcdef', url: pagerduty.url } },
  });
  return yard.start(path);
}

/** Stores minutes that nobody has evaluated yet: a model gets slow, and fast again. */
async function missMinutes({ url }: Pick<ServiceProcess, 'url'>): Promise<void> {
  const first = Math.floor(Date.now() / MINUTE) * MINUTE - MISSED * MINUTE;
  const lines = Array.from({ length: MISSED }, (_, minute) => {
    const latency_ms = minute >= 2 && minute < SLOW_UNTIL ? 460 : 20;
    return predictionLine(`p-${minute}`, { model: 'm', ts: first + minute * MINUTE + 1000, latency_ms });
  });
  const answer = await request(`${url}/v1/predictions`, { body: lines.join('\n'), headers: NDJSON });
  expect(answer.receipt()).toMatchObject({ accepted: MISSED });
  const progress = { job: 'minute_loop', done_to: iso(first), updated: iso(Date.now()) };
  await database.store.insert('job_progress', [progress]);
}

const deliveredPages = defineQuery<Record<string, never>>()({
  name: 'delivered_pages',
  sql: "SELECT count() AS n FROM outbox FINAL WHERE action = 'trigger' AND state = 'delivered'",
  row: z.object({ n: z.number() }),
});

const iso = (ms: number): string => new Date(ms).toISOString();
const events = (service: ServiceProcess): readonly string[] =>
  service
    .log()
    .map((line) => [line['event'], line['transition'] ?? line['action']].filter(Boolean).join(' '))
    .filter((event) => /^(lease_taken|alert_changed|delivered)/.test(event));

test('of two replicas on one database one evaluates and pages; killed, the other goes on where it was, and nothing is told twice', {
  timeout: 360_000,
}, async () => {
  const logger = pino({ level: 'silent' });
  const held = { store: database.store, clock: systemClock, logger, name: 'evaluation', ttlMs: 600_000 };
  const gate = new Lease({ ...held, place: 'test', instance: 'test' });
  await gate.start();
  const replicas = [await startReplica(), await startReplica()] as const;
  await missMinutes(replicas[1]);
  expect(replicas.flatMap(events)).toEqual([]);
  await gate.stop();
  const leader = await waitFor('one to lead and page', () =>
    replicas.find((one) => events(one).includes('delivered trigger')),
  );
  // Killed before this is stored, the message would rightly be sent again under its dedup key.
  await waitFor('the delivery to be stored', async () => {
    const [row] = await database.store.query(deliveredPages, {});
    return row?.n === 1 ? true : undefined;
  });
  leader.kill('SIGKILL');
  await leader.closed;
  const other = replicas.find((one) => one !== leader);
  if (other === undefined) throw new Error('There is one replica.');
  expect(events(leader)).toEqual(['lease_taken', 'alert_changed pending', 'alert_changed firing', 'delivered trigger']);
  await waitFor(
    'the other to say that it is over',
    () => events(other).includes('delivered resolve') || undefined,
    180_000,
  );
  // On a machine that stands still for longer than its lease, a replica takes it again.
  expect(events(other)[0]).toBe('lease_taken');
  expect(events(other).filter((event) => !/^lease_taken|^alert_changed keep/.test(event))).toEqual([
    'alert_changed resolved',
    'delivered resolve',
  ]);
  expect(pagerduty.received.map(({ body }) => `${String(body['event_action'])} ${String(body['dedup_key'])}`)).toEqual([
    'trigger plumbline/m/critical',
    'resolve plumbline/m/critical',
  ]);
});
