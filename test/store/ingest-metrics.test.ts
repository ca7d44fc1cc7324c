import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { BatchWriter } from '../../src/store/ingest/batch-writer.ts';
import { Spool } from '../../src/store/ingest/spool.ts';
import { UnitBuilder } from '../../src/store/ingest/unit.ts';
import { predictionLine } from '../support/client.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

let running: TestStore;
let writer: BatchWriter;
const folder = mkdtempSync(join(tmpdir(), 'plumbline-metrics-'));
beforeAll(async () => {
  running = await startTestStore();
  const { store, telemetry } = running;
  const logger = pino({ level: 'silent' });
  writer = new BatchWriter({ store, spool: new Spool(folder), clock: systemClock, logger, telemetry });
  await writer.recover();
});
afterAll(async () => {
  await writer.stop(1000);
  await running.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function metrics(): Promise<ReadonlyMap<string, number>> {
  const lines = (await running.telemetry.registry.metrics()).split('\n').filter((line) => !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

test('what becomes of records is counted by collector and kind: accepted, dead, late, sent again, and how long it took', async () => {
  const now = Date.now();
  const builder = new UnitBuilder('predictions', now);
  const lines = [
    predictionLine('fresh', { ts: now }),
    predictionLine('old', { ts: now - 7_200_000 }),
    '{"prediction_id":"bad"}',
  ];
  for (const [index, line] of lines.entries()) builder.add(Buffer.from(line), index + 1);
  const unit = { ...builder.finish('watched'), collector: 'kafka' };
  await writer.submit(unit);
  await writer.submit(unit);
  const seen = await metrics();
  const of = (name: string): number | undefined =>
    seen.get(`plumbline_ingest_${name}{collector="kafka",kind="predictions"}`);
  expect({
    accepted: of('accepted_total'),
    rejected: of('rejected_total'),
    dead: of('dead_letters_total'),
    late: of('late_total'),
    duplicates: of('duplicates_total'),
    bytes: of('bytes_total'),
    watermark: of('watermark_timestamp_seconds'),
    batches: of('batch_seconds_count'),
    delays: of('delay_seconds_count'),
  }).toEqual({
    accepted: 2,
    rejected: 1,
    dead: 1,
    late: 1,
    duplicates: 3,
    bytes: unit.bytes,
    watermark: now / 1000,
    batches: 1,
    delays: 1,
  });
  expect(of('delay_seconds_sum')).toBeGreaterThanOrEqual(7200);
  expect(of('record_delay_seconds_total')).toBeGreaterThanOrEqual(7200);
  expect(seen.get('plumbline_ingest_pending_bytes')).toBe(0);
});

test.each([
  ['labels', { prediction_id: 'x', label: 1, label_ts: Date.now() - 86_400_000 }, 0],
  ['business', { ts: Date.now() - 86_400_000, metric: 'orders', value: 1 }, 1],
  ['events', { ts: Date.now() - 86_400_000, kind: 'deploy', title: 't' }, 1],
] as const)('the delay of %s is known too', async (kind, record, late) => {
  const builder = new UnitBuilder(kind, Date.now());
  builder.add(Buffer.from(JSON.stringify(record)), 1);
  await writer.submit(builder.finish(undefined));
  const seen = await metrics();
  const labels = `{collector="http",kind="${kind}"}`;
  expect(seen.get(`plumbline_ingest_accepted_total${labels}`)).toBe(1);
  expect(seen.get(`plumbline_ingest_late_total${labels}`)).toBe(late);
  expect(seen.get(`plumbline_ingest_delay_seconds_sum${labels}`)).toBeGreaterThanOrEqual(86_400);
});
