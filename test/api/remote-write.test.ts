import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../../src/app.ts';
import {
  encodeV1,
  encodeV2,
  snappy,
  type TestSeries,
  UP_FIXTURES,
  withStaleMarker,
} from '../collectors/prometheus/remote-write/encode-request.ts';
import { type Answer, expectProblem, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import { waitFor } from '../support/processes.ts';

const TOKEN = 'a-token-for-writing';
const V1 = 'application/x-protobuf';
const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
const WRITTEN = 'x-prometheus-remote-write-samples-written';

let service: Service;

beforeAll(async () => {
  service = await startInProcess({
    server: {
      tokens: [
        { name: 'prometheus', token: TOKEN, scopes: ['ingest'] },
        { name: 'reader', token: 'a-token-for-reading', scopes: ['read'] },
      ],
    },
    collectors: { remote_write: { max_compressed_bytes: 1_000_000, max_raw_bytes: 200_000, series_limit: 200 } },
    rules: [],
    models: [{ name: 'fraud', gpu: { pod: 'fraud-.*' } }],
  });
});
afterAll(async () => {
  await service.stop();
});

function write(body: Uint8Array, type: string = V1, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return request(`${service.url}/api/v1/write`, {
    body: new Uint8Array(body),
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type, 'content-encoding': 'snappy', ...headers },
  });
}

async function stored(job: string): Promise<readonly unknown[]> {
  const sql =
    'SELECT name, labels, value, toUnixTimestamp64Milli(ts) AS t, instance FROM metric_samples WHERE job = {job:String} ORDER BY name, ts, toString(labels)';
  return service.store.rows({ name: 'test_samples', sql, parameters: { job } });
}

function series(job: string, name: string, ...samples: (readonly [number, number])[]): TestSeries {
  return { labels: { __name__: name, instance: 'i', job, zone: 'z' }, samples };
}

describe('POST /api/v1/write', () => {
  it('stores what Prometheus sends in version 1 and 2, and the same sample once', async () => {
    const now = Date.now();
    const first = [
      series('both', 'a', [1, now - 1000], [2.5, now]),
      series('both', 'b', [Number.POSITIVE_INFINITY, now]),
    ];
    const answer = await write(snappy(encodeV1(first)));
    expect([answer.status, answer.text, answer.headers.get(WRITTEN)]).toEqual([204, '', null]);
    const again = await write(snappy(encodeV2(first)), V2);
    expect([again.status, again.headers.get(WRITTEN)]).toEqual([204, '3']);
    expect(again.headers.get('x-prometheus-remote-write-histograms-written')).toBe('0');
    expect(again.headers.get('x-prometheus-remote-write-exemplars-written')).toBe('0');
    const more = await write(snappy(encodeV2([series('both', 'a', [2.5, now], [3, now + 1])])), V2);
    expect([more.status, more.headers.get(WRITTEN)]).toEqual([204, '2']);
    const labels = { zone: 'z' };
    expect(await stored('both')).toEqual([
      { name: 'a', labels, value: 1, t: now - 1000, instance: 'i' },
      { name: 'a', labels, value: 2.5, t: now, instance: 'i' },
      { name: 'a', labels, value: 3, t: now + 1, instance: 'i' },
      { name: 'b', labels, value: null, t: now, instance: 'i' },
    ]);
  });

  it('takes the requests that Prometheus is known to send, at their time', async () => {
    const fixtures = [
      [V1, UP_FIXTURES.v1Snappy],
      [`${V1}; proto=prometheus.WriteRequest`, UP_FIXTURES.v1Snappy],
      [V2, UP_FIXTURES.v2Snappy],
    ] as const;
    const answers: Answer[] = [];
    for (const [type, body] of fixtures) answers.push(await write(Buffer.from(body, 'hex'), type));
    const inRange = Math.abs(Date.now() - 1_795_300_000_000) < 29 * 86_400_000;
    expect(answers.map(({ status }) => status)).toEqual(inRange ? [204, 204, 204] : [400, 400, 400]);
    expect(await stored('dcgm')).toHaveLength(inRange ? 1 : 0);
    expect((await write(snappy(encodeV1([], 5)))).status).toBe(204);
    expect((await write(Buffer.from('00', 'hex'))).status).toBe(204);
  });

  it('knows a request again that it had stored before it was asked to forget', async () => {
    const body = snappy(encodeV1([series('token', 'a', [1, Date.now()])]));
    await write(body);
    const [row] = await service.store.rows({
      name: 'test_count',
      sql: "SELECT count() AS n FROM metric_samples WHERE job = 'token'",
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => write(body)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204]);
    expect(row).toEqual({ n: 1 });
    expect(await stored('token')).toHaveLength(1);
  });

  it('stores the good samples of a request and says what is wrong with the others', async () => {
    const now = Date.now();
    const mixed: TestSeries[] = [
      series('mixed', 'good', [1, now]),
      series('mixed', 'old', [1, 0], [1, now + 3_600_000]),
      { labels: { job: 'mixed' }, samples: [[1, now]] },
      { labels: { __name__: 'wide', job: 'mixed', x: 'y'.repeat(5000) }, samples: [[1, now]] },
      { ...series('mixed', 'native'), histograms: 3 },
      { labels: Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`l${i}`, 'v'])), samples: [[1, now]] },
    ];
    for (const [encode, type] of [
      [encodeV1, V1],
      [encodeV2, V2],
    ] as const) {
      const answer = await write(snappy(encode(mixed)), type);
      expectProblem(
        answer,
        400,
        /2 older than remote_write\.max_age or more than ten minutes ahead; 1 without a metric name/,
      );
      expect(answer.text).toMatch(/1 with a label name over 256.*3 that are native histograms.*1 with more labels/);
      if (type === V2) expect(answer.headers.get(WRITTEN)).toBe('1');
    }
    expect(await stored('mixed')).toEqual([{ name: 'good', labels: { zone: 'z' }, value: 1, t: now, instance: 'i' }]);
  });

  it('stores no value for a series that has ended and lets another take its place', async () => {
    const now = Date.now();
    const ended = withStaleMarker(encodeV1([series('ended', 'a', [Number.NaN, now])]));
    expect((await write(snappy(encodeV1([series('ended', 'a', [1, now - 5])])))).status).toBe(204);
    expect((await write(snappy(ended))).status).toBe(204);
    expect(await stored('ended')).toHaveLength(1);
  });

  it.each([
    ['another type', 'application/json', {}, 415, /Content-Type must be application\/x-protobuf/],
    ['an unknown message', `${V1};proto=io.prometheus.write.v3.Request`, {}, 415, /proto=prometheus\.WriteRequest/],
    ['another compression', V1, { 'content-encoding': 'gzip' }, 415, /Content-Encoding must be snappy/],
    ['no token', V1, { authorization: '' }, 401, /token/],
    ['a token for reading', V1, { authorization: 'Bearer a-token-for-reading' }, 403, /scope ingest/],
  ])('refuses %s', async (_what, type, headers, status, detail) => {
    expectProblem(await write(Buffer.from(UP_FIXTURES.v1Snappy, 'hex'), type, headers), status, detail);
  });

  it('tells a sender of version 2 that nothing was written when it refuses a request', async () => {
    const answers = [await write(Buffer.from('garbage'), V2), await write(Buffer.from('garbage'), 'text/plain')];
    expect(answers.map(({ status, headers }) => [status, headers.get(WRITTEN)])).toEqual([
      [400, '0'],
      [415, '0'],
    ]);
  });

  it.each([
    ['that is no snappy block', Buffer.from('{"a":1}'), 400, /is no snappy block/],
    ['that is no protobuf', snappy(Buffer.from('not a protobuf at all')), 400, /is no protobuf of version 1/],
    ['without a body', Buffer.alloc(0), 400, /is no snappy block/],
    [
      'that swells beyond the limit',
      snappy(Buffer.alloc(200_001)),
      413,
      /holds 200001 bytes uncompressed, more than 200000/,
    ],
    ['that is too large as sent', Buffer.alloc(1_000_001), 413, /./],
  ])('refuses a request %s', async (_what, body, status, detail) => {
    expectProblem(await write(body), status, detail);
  });

  it('derives GPU rows from samples that come in several requests, each once', async () => {
    const now = Date.now();
    const labels = { gpu: '0', UUID: 'GPU-1', Hostname: 'node-1', job: 'dcgm-rw', namespace: 'x', pod: 'fraud-1' };
    const used = { labels: { ...labels, __name__: 'DCGM_FI_DEV_FB_USED' }, samples: [[300, now] as const] };
    const free = { labels: { ...labels, __name__: 'DCGM_FI_DEV_FB_FREE' }, samples: [[100, now] as const] };
    await write(snappy(encodeV1([used])));
    await write(snappy(encodeV1([free])));
    await write(snappy(encodeV1([used, free])));
    const sql = "SELECT signal, gpu, model, value FROM gpu_samples WHERE gpu = 'GPU-1'";
    const rows = await waitFor('the GPU rows', async () => {
      const found = await service.store.rows({ name: 'test_gpu', sql });
      return found.length > 0 ? found : undefined;
    });
    expect(rows).toEqual([{ signal: 'gpu_memory_used_ratio', gpu: 'GPU-1', model: 'fraud', value: 0.75 }]);
  });

  it('refuses new series beyond the limit and goes on with the known ones', async () => {
    const now = Date.now();
    const many = Array.from({ length: 300 }, (_, i) => series('many', `s${i}`, [i, now]));
    const answer = await write(snappy(encodeV1(many)));
    expectProblem(answer, 400, /\d+ of new series beyond remote_write\.series_limit/);
    const rows = (await stored('many')).length;
    expect(rows).toBeGreaterThan(100); // the tests before this one hold the other places
    expect(rows).toBeLessThanOrEqual(200);
    expect((await write(snappy(encodeV1([series('many', 's0', [1, now + 1])])))).status).toBe(204);
    const metrics = await request(`${service.url}/metrics`, {
      headers: { authorization: 'Bearer a-token-for-reading' },
    });
    expect(metrics.text).toContain(`plumbline_remote_write_refused_total{reason="series_limit"} ${300 - rows}`);
  });
});
