import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { compress } from '@mongodb-js/zstd';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { type Answer, type Body, expectProblem, NDJSON, predictionLine, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';

const LIMIT_BYTES = 2_000_000;

let service: Service;
beforeAll(async () => {
  service = await startInProcess({ server: { max_body_bytes: LIMIT_BYTES } });
});
afterAll(async () => {
  await service.stop();
});

const KINDS = ['predictions', 'labels', 'business', 'events'] as const;
type Kind = (typeof KINDS)[number];

const TABLES: Readonly<Record<Kind, string>> = {
  predictions: 'predictions',
  labels: 'labels',
  business: 'business_metrics',
  events: 'change_events',
};

let made = 0;
/** Returns a valid record that no other test sends. */
function record(kind: Kind): Readonly<Record<string, unknown>> {
  made += 1;
  const ts = new Date(Date.UTC(2026, 4, 1) + made).toISOString();
  switch (kind) {
    case 'predictions':
      return { prediction_id: `p-${made}`, ts, model: 'late-flights', features: { distance: made } };
    case 'labels':
      return { prediction_id: `p-${made}`, label: 1, label_ts: ts, model: 'late-flights' };
    case 'business':
      return { ts, metric: 'revenue_usd', value: made, model: 'late-flights' };
    case 'events':
      return { ts, kind: 'deploy', title: `Version ${made}`, model: 'late-flights' };
  }
}

function records(kind: Kind, count: number): readonly Readonly<Record<string, unknown>>[] {
  return Array.from({ length: count }, () => record(kind));
}

function lines(kind: Kind, count: number): string {
  return records(kind, count)
    .map((each) => `${JSON.stringify(each)}\n`)
    .join('');
}

function post(kind: Kind, body: Body, headers: Readonly<Record<string, string>> = NDJSON): Promise<Answer> {
  return request(`${service.url}/v1/${kind}`, { body, headers });
}

async function stored(kind: Kind): Promise<number> {
  const rows = await service.store.rows({
    name: 'count',
    sql: `SELECT count() AS n FROM ${TABLES[kind]} ${kind === 'labels' ? 'FINAL' : ''}`,
  });
  return z.tuple([z.object({ n: z.number() })]).parse(rows)[0].n;
}

const JSON_TYPE = { 'content-type': 'application/json' } as const;

describe.each(KINDS)('POST /v1/%s', (kind) => {
  test('takes NDJSON, an array, an object, gzip and zstd, and has stored them when it answers', async () => {
    const before = await stored(kind);
    expect((await post(kind, lines(kind, 3))).receipt()).toEqual({ accepted: 3, rejected: 0, errors: [] });
    expect((await post(kind, JSON.stringify(records(kind, 2)), JSON_TYPE)).receipt()).toEqual({
      accepted: 2,
      rejected: 0,
      errors: [],
    });
    expect((await post(kind, JSON.stringify(record(kind)), JSON_TYPE)).receipt()).toEqual({
      accepted: 1,
      rejected: 0,
      errors: [],
    });
    const zipped = await post(kind, gzipSync(lines(kind, 4)), { ...NDJSON, 'content-encoding': 'gzip' });
    expect(zipped.receipt()).toEqual({ accepted: 4, rejected: 0, errors: [] });
    const older = await post(kind, gzipSync(lines(kind, 1)), { ...NDJSON, 'content-encoding': 'x-gzip' });
    expect(older.receipt()).toEqual({ accepted: 1, rejected: 0, errors: [] });
    const zstd = await post(kind, await compress(Buffer.from(lines(kind, 5))), {
      ...NDJSON,
      'content-encoding': 'zstd',
    });
    expect(zstd.receipt()).toEqual({ accepted: 5, rejected: 0, errors: [] });
    expect(await stored(kind)).toBe(before + 16);
  });

  test('keeps the good lines of a mixed body and names line, field and reason of the others', async () => {
    const before = await stored(kind);
    const answer = await post(
      kind,
      `${lines(kind, 1)}not json\n\n${lines(kind, 1)}{"ts":"yesterday","prediction_id":"x"}\n`,
    );
    expect(answer.status).toBe(200);
    const { accepted, rejected, errors } = answer.receipt();
    expect({ accepted, rejected }).toEqual({ accepted: 2, rejected: 2 });
    expect(errors).toHaveLength(2);
    expect(errors[0]).toEqual({ line: 2, field: '', reason: 'is not valid JSON' });
    expect(errors[1]).toMatchObject({ line: 5 });
    expect(errors[1]?.field).not.toBe('');
    expect(await stored(kind)).toBe(before + 2);
  });

  test('refuses a body in which nothing can be read, with the errors of its lines', async () => {
    const answer = await post(kind, 'neither\nof these\n');
    expectProblem(answer, 400, /line 1 is not valid JSON/);
    expect(answer.receipt()).toEqual({
      accepted: 0,
      rejected: 2,
      errors: [
        { line: 1, field: '', reason: 'is not valid JSON' },
        { line: 2, field: '', reason: 'is not valid JSON' },
      ],
    });
    expectProblem(await post(kind, ''), 400, /holds no records/);
    expectProblem(await post(kind, '\n \n'), 400, /holds no records/);
    expectProblem(await post(kind, '[]', JSON_TYPE), 400, /holds no records/);
  });

  test('keeps what came before the break of a truncated gzip body and says that it ends early', async () => {
    const before = await stored(kind);
    const text = Array.from({ length: 400 }, () =>
      JSON.stringify({ ...record(kind), note: randomBytes(40).toString('hex') }),
    ).join('\n');
    const zipped = gzipSync(text);
    const answer = await post(kind, zipped.subarray(0, zipped.length - 500), { ...NDJSON, 'content-encoding': 'gzip' });
    expect(answer.status).toBe(200);
    const { accepted, errors } = answer.receipt();
    expect(accepted).toBeGreaterThan(300);
    expect(accepted).toBeLessThan(400);
    expect(errors.at(-1)).toMatchObject({ reason: 'the gzip body ends early' });
    expect(await stored(kind)).toBe(before + accepted);
    expectProblem(await post(kind, 'plain text', { ...NDJSON, 'content-encoding': 'gzip' }), 400, /not valid gzip/);
  });

  test('treats a zstd body that is cut off or is none as it treats gzip', async () => {
    const before = await stored(kind);
    const parts = [await compress(Buffer.from(lines(kind, 3))), await compress(Buffer.from(lines(kind, 3)))];
    const answer = await post(kind, Buffer.concat(parts).subarray(0, -4), { ...NDJSON, 'content-encoding': 'zstd' });
    expect(answer.status).toBe(200);
    expect(answer.receipt()).toMatchObject({ accepted: 3, errors: [{ reason: 'the zstd body ends early' }] });
    expect(await stored(kind)).toBe(before + 3);
    expectProblem(await post(kind, 'plain text', { ...NDJSON, 'content-encoding': 'zstd' }), 400, /not valid zstd/);
  });

  test('refuses other content types and encodings with 415', async () => {
    expectProblem(
      await post(kind, '<a/>', { 'content-type': 'application/xml' }),
      415,
      /application\/xml is not known.*application\/x-ndjson/,
    );
    expectProblem(
      await post(kind, lines(kind, 1), { ...NDJSON, 'content-encoding': 'br' }),
      415,
      /br is not known.*gzip, zstd/,
    );
  });

  test('refuses a body over the limit with 413, plain, chunked or once it is unzipped', async () => {
    const tooLarge = Buffer.alloc(4 * LIMIT_BYTES, ' ');
    expectProblem(await post(kind, tooLarge), 413, /larger than 2000000 bytes/);
    expectProblem(await post(kind, streamOf(tooLarge)), 413, /larger than 2000000 bytes/);
    expectProblem(
      await post(kind, gzipSync(tooLarge), { ...NDJSON, 'content-encoding': 'gzip' }),
      413,
      /larger than 2000000 bytes/,
    );
    expectProblem(
      await post(kind, await compress(tooLarge), { ...NDJSON, 'content-encoding': 'zstd' }),
      413,
      /larger than 2000000 bytes/,
    );
  });

  test('counts a body once however often it is sent under one key, also at the same time', async () => {
    const before = await stored(kind);
    const body = `${lines(kind, 3)}broken\n`;
    const headers = { ...NDJSON, 'idempotency-key': `key-${kind}` };
    const answers = await Promise.all([
      post(kind, body, headers),
      post(kind, body, headers),
      post(kind, body, headers),
    ]);
    const later = await post(kind, body, headers);
    for (const answer of [...answers, later]) {
      expect(answer.receipt()).toEqual({
        accepted: 3,
        rejected: 1,
        errors: [{ line: 4, field: '', reason: 'is not valid JSON' }],
      });
    }
    expect(await stored(kind)).toBe(before + 3);
    expectProblem(
      await post(kind, body, { ...NDJSON, 'idempotency-key': 'k'.repeat(256) }),
      400,
      /Idempotency-Key is longer than 255/,
    );
  });
});

test('a client that listens only when it has sent everything still gets its 413', async () => {
  const { hostname, port } = new URL(service.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const size = 40_000_000;
  socket.write(
    `POST /v1/predictions HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${size}\r\n\r\n`,
  );
  // The callback comes when the system has taken the last byte.
  await new Promise<void>((sent) => socket.write(Buffer.alloc(size, ' '), () => sent()));
  const answer = await new Promise<Buffer>((heard) => socket.once('data', heard));
  socket.destroy();
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 413 /);
});

test('the same key names different work under different paths', async () => {
  const headers = { ...NDJSON, 'idempotency-key': 'shared' };
  expect((await post('business', lines('business', 2), headers)).receipt().accepted).toBe(2);
  expect((await post('events', lines('events', 1), headers)).receipt().accepted).toBe(1);
});

test('an upload that breaks off stores nothing twice and nothing half when it is sent again under its key', async () => {
  const ids = Array.from({ length: 300 }, (_, index) => `upload-${index}`);
  const body = ids.map((id) => predictionLine(id)).join('\n');
  for (const payload of [Buffer.from(body), gzipSync(body, { level: 0 })]) {
    const headers = {
      ...NDJSON,
      'idempotency-key': 'upload',
      ...(payload.length === body.length ? {} : { 'content-encoding': 'gzip' }),
    };
    await expect(post('predictions', breakingStream(payload.subarray(0, 70_000)), headers)).rejects.toThrow(Error);
    expect((await post('predictions', payload, headers)).receipt()).toEqual({ accepted: 300, rejected: 0, errors: [] });
  }
  const rows = await service.store.rows({
    name: 'count',
    sql: "SELECT count() AS n, uniqExact(prediction_id) AS ids FROM predictions WHERE startsWith(prediction_id, 'upload-')",
  });
  expect(rows).toEqual([{ n: 300, ids: 300 }]);
});

test('small posts at the same time travel to the database together', async () => {
  const [start] = z
    .array(z.object({ now: z.string() }))
    .parse(await service.store.rows({ name: 'now', sql: 'SELECT toString(now64(6)) AS now' }));
  const bodies = Array.from({ length: 64 }, () => lines('predictions', 2));
  const answers = await Promise.all(bodies.map((body) => post('predictions', body)));
  for (const answer of answers) expect(answer.receipt()).toEqual({ accepted: 2, rejected: 0, errors: [] });
  await service.store.command({ name: 'flush', sql: 'SYSTEM FLUSH LOGS query_log' });
  const rows = await service.store.rows({
    name: 'inserts',
    sql: `SELECT count() AS n, sum(written_rows) > 0 AS wrote FROM system.query_log
WHERE type = 'QueryFinish' AND query_kind = 'Insert' AND query LIKE 'INSERT INTO ingest_predictions%' AND event_time_microseconds >= {start:DateTime64(6)}`,
    parameters: { start: start?.now ?? '' },
  });
  const [inserts] = z.array(z.object({ n: z.number() })).parse(rows);
  expect(inserts?.n).toBeGreaterThan(0);
  expect(inserts?.n).toBeLessThanOrEqual(16);
});

test('errors beyond the first 20 are listed when they are asked for', async () => {
  const body = `${lines('predictions', 1)}${Array.from({ length: 50 }, (_, index) => `{"broken ${index}`).join('\n')}`;
  expect((await post('predictions', body)).receipt()).toMatchObject({
    accepted: 1,
    rejected: 50,
    errors: { length: 20 },
  });
  const all = await request(`${service.url}/v1/predictions?max_errors=1000`, { body, headers: NDJSON });
  expect(all.receipt().errors.map(({ line }) => line)).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
});

test('rejected lines are kept as dead letters with their text', async () => {
  await post('business', '{"ts":1777629600123,"metric":"orders","value":"many"}\n');
  const rows = await service.store.rows({
    name: 'dead',
    sql: "SELECT kind, field, reason, line FROM dead_letters WHERE line LIKE '%many%'",
  });
  expect(rows).toEqual([
    {
      kind: 'business',
      field: 'value',
      reason: 'must be a number',
      line: '{"ts":1777629600123,"metric":"orders","value":"many"}',
    },
  ]);
});

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** A body that delivers some bytes and then fails as a lost connection does. */
function breakingStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new Error('The connection is lost.'));
      else controller.enqueue(new Uint8Array(bytes));
      sent = true;
    },
  });
}
