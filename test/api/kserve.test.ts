import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import { sendKserve, sendSeldon } from '../support/payload-events.ts';
import { waitFor } from '../support/processes.ts';

/** Waits for the other half as long as a test may take. */
let service: Service;
/** Waits for nothing and has little room. */
let hasty: Service;
beforeAll(async () => {
  service = await startInProcess({
    rules: [],
    collectors: {
      kserve: {
        join_timeout: '10m',
        models: [
          { service: 'only-requests', parts: 'request', model: 'asked', version: '5', features: ['age', 'income'] },
        ],
      },
    },
  });
  hasty = await startInProcess({
    rules: [],
    collectors: { kserve: { join_timeout: '20ms', max_body_bytes: 20_000, max_queue_bytes: 16_000 } },
  });
});
afterAll(async () => {
  await service.stop();
  await hasty.stop();
});

const row = z.looseObject({ prediction_id: z.string() });

/** Waits until the records whose ids begin so are stored, and returns them by id. */
function stored(prefix: string, count: number, of = service): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return waitFor(`${count} records of ${prefix}`, async () => {
    const rows = await of.store.rows({
      name: 'stored',
      sql: 'SELECT * FROM predictions WHERE startsWith(prediction_id, {prefix:String}) ORDER BY prediction_id',
      parameters: { prefix },
    });
    return rows.length < count ? undefined : z.array(row).parse(rows);
  });
}

async function metric(name: string, of = service): Promise<number> {
  const { text } = await request(`${of.url}/metrics`);
  const line = text.split('\n').find((each) => each.startsWith(`plumbline_ingest_kserve_${name}_total `));
  return line === undefined ? 0 : Number(line.split(' ')[1]);
}

function deadLetter(text: string, of = service): Promise<Readonly<Record<string, unknown>>> {
  return waitFor(`a dead letter with ${text}`, async () => {
    const rows = await of.store.rows({
      name: 'dead',
      sql: 'SELECT field, reason, source, line FROM dead_letters WHERE position(line, {text:String}) > 0',
      parameters: { text },
    });
    return z.array(z.looseObject({})).parse(rows)[0];
  });
}

const V2_REQUEST = JSON.stringify({
  id: 'r-88213',
  inputs: [
    { name: 'amount', shape: [2, 1], datatype: 'FP32', data: [[129.5], [12]] },
    { name: 'country', shape: [2, 1], datatype: 'BYTES', data: ['PL', 'DE'] },
    { name: 'age_days', shape: [2, 1], datatype: 'INT64', data: [410, 3] },
  ],
});
const V2_RESPONSE = JSON.stringify({
  model_name: 'fraud-scorer',
  model_version: '7',
  id: 'r-88213',
  outputs: [{ name: 'score', shape: [2, 1], datatype: 'FP32', data: [0.91, 0.02] }],
});

test('a v2 batch becomes one record a row, with features, score, version, latency and trace', async () => {
  const answer = await sendKserve(service.url, { id: 'v2', part: 'request', body: V2_REQUEST });
  expect({ status: answer.status, body: answer.json() }).toEqual({ status: 200, body: { queued: true } });
  await sendKserve(service.url, { id: 'v2', part: 'response', body: V2_RESPONSE });
  const [first, second, ...others] = await stored('v2/', 2);
  expect(first).toMatchObject({
    prediction_id: 'v2/0',
    ts: '2026-05-01T10:00:00.100Z',
    model: 'fraud-scorer',
    version: '7',
    numbers: { amount: 129.5, age_days: 410 },
    categories: { country: 'PL' },
    prediction_number: 0.91,
    score: 0.91,
    latency_ms: 14.25,
    status: 'ok',
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    extra: '{"request_id":"r-88213","namespace":"fraud"}',
  });
  expect(second).toMatchObject({ prediction_id: 'v2/1', numbers: { amount: 12, age_days: 3 }, score: 0.02 });
  expect(others).toEqual([]);
});

test('a response may come before its request, and events sent again count once', async () => {
  const before = await metric('joined');
  const response = { id: 'order', part: 'response', body: '{"predictions":[1]}' } as const;
  const asked = { id: 'order', part: 'request', body: '{"instances":[{"f1":1.5,"f2":"PL","f3":null}]}' } as const;
  for (const event of [response, response, asked, asked, response]) await sendKserve(service.url, event);
  const rows = await stored('order', 1);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    prediction_id: 'order',
    prediction_number: 1,
    numbers: { f1: 1.5 },
    categories: { f2: 'PL' },
    missing: ['f3'],
  });
  await waitFor('the duplicates to be counted', async () => ((await metric('duplicates')) >= 3 ? true : undefined));
  expect(await metric('joined')).toBe(before + 1);
  expect(await stored('order', 1)).toHaveLength(1);
});

test('a half whose other one does not come is stored alone, and the other one is then a dead letter', async () => {
  await sendKserve(hasty.url, { id: 'alone-request', part: 'request', body: '{"instances":[[1,2]]}' });
  await sendKserve(hasty.url, { id: 'alone-response', part: 'response', body: '{"predictions":["cat"]}' });
  const [asked, answered] = await stored('alone-', 2, hasty);
  expect(asked).toMatchObject({ status: 'no_response', numbers: { f0: 1, f1: 2 }, latency_ms: null });
  expect(answered).toMatchObject({ status: 'ok', prediction_class: 'cat', numbers: {} });
  await sendKserve(hasty.url, { id: 'alone-request', part: 'response', body: '{"predictions":["too late"]}' });
  expect(await deadLetter('too late', hasty)).toMatchObject({
    field: 'id',
    reason: 'came after its other half had been stored alone',
    source: 'kserve',
  });
  expect(await stored('alone-', 2, hasty)).toHaveLength(2);
});

test('the version comes from the URL before an annotation, and from an annotation before the response', async () => {
  const annotated = { 'Ce-Annotations': '{"example.org/model-version":"8"}' };
  const sources = [
    { id: 'version-1', query: '?version=9', headers: annotated },
    { id: 'version-2', headers: annotated },
    { id: 'version-3' },
  ] as const;
  for (const source of sources) {
    await sendKserve(service.url, { ...source, part: 'request', body: V2_REQUEST });
    await sendKserve(service.url, { ...source, part: 'response', body: V2_RESPONSE });
  }
  const rows = await stored('version-', 6);
  expect(rows.map(({ version }) => version)).toEqual(['9', '9', '8', '8', '7', '7']);
});

test('times of agents that do not say when they recorded give no latency', async () => {
  const old = { 'Ce-Recordedtime': '' };
  await sendKserve(service.url, { id: 'old', part: 'request', body: '{"instances":[1]}', headers: old });
  await sendKserve(service.url, { id: 'old', part: 'response', body: '{"predictions":[0.5]}', headers: old });
  const [record] = await stored('old', 1);
  expect(record).toMatchObject({ latency_ms: null, numbers: { f0: 1 }, prediction_number: 0.5 });
});

test('a gzipped response, base64 data and batched events are read', async () => {
  await sendKserve(service.url, { id: 'zipped', part: 'request', body: '{"instances":[[3]]}' });
  await sendKserve(service.url, { id: 'zipped', part: 'response', body: gzipSync('{"predictions":[2]}') });
  const common = {
    specversion: '1.0',
    source: 'broker',
    time: '2026-05-01T10:00:00Z',
    inferenceservicename: 'fraud-scorer',
    namespace: 'fraud',
    component: 'predictor',
  };
  const type = 'org.kubeflow.serving.inference';
  const batch = [
    { ...common, id: 'batched', type: `${type}.request`, data: { instances: [{ a: 1 }] } },
    { ...common, id: '', type: `${type}.request`, data: 'lost' },
    {
      ...common,
      id: 'batched',
      type: `${type}.response`,
      datacontenttype: 'application/octet-stream',
      data_base64: Buffer.from('{"predictions":[7]}').toString('base64'),
    },
  ];
  const answer = await request(`${service.url}/v1/kserve`, {
    body: JSON.stringify(batch),
    headers: { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' },
  });
  expect(answer.status).toBe(200);
  expect((await stored('zipped', 1))[0]).toMatchObject({ prediction_number: 2, numbers: { f0: 3 } });
  expect((await stored('batched', 1))[0]).toMatchObject({ prediction_number: 7, numbers: { a: 1 } });
  expect(await deadLetter('"lost"')).toMatchObject({ field: 'id', reason: 'is required' });
});

test('Seldon events are joined by their request id, and feedback becomes labels', async () => {
  const asked = { data: { names: ['age', 'hours'], ndarray: [[39, 40]] } };
  const answered = { meta: { puid: 'puid-1' }, data: { names: ['low', 'high'], ndarray: [[0.2, 0.8]] } };
  await sendSeldon(service.url, { type: 'inference.request', puid: 'puid-1', id: 'e1', body: asked });
  await sendSeldon(service.url, { type: 'inference.response', puid: 'puid-1', id: 'e2', body: answered });
  const feedback = { request: asked, response: answered, reward: 1, truth: { data: { ndarray: [['high']] } } };
  await sendSeldon(service.url, { type: 'feedback', puid: 'other', id: 'e3', body: feedback });
  expect((await stored('puid-1', 1))[0]).toMatchObject({
    model: 'income',
    version: 'canary',
    numbers: { age: 39, hours: 40 },
    prediction_class: 'high',
    score: 0.8,
    scores: { low: 0.2, high: 0.8 },
    latency_ms: null,
  });
  const labels = await waitFor('the label', async () => {
    const rows = await service.store.rows({ name: 'labels', sql: "SELECT * FROM labels WHERE model = 'income'" });
    return rows.length === 0 ? undefined : rows;
  });
  expect(labels).toEqual([expect.objectContaining({ prediction_id: 'puid-1', label_class: 'high' })]);
});

test('what cannot be read is a dead letter with its reason, and the other half is kept', async () => {
  const before = await metric('malformed');
  await sendKserve(service.url, { id: 'broken', part: 'request', body: '{"instances":[' });
  await sendKserve(service.url, { id: 'broken', part: 'response', body: '{"predictions":[4]}' });
  expect((await stored('broken', 1))[0]).toMatchObject({
    prediction_number: 4,
    status: 'ok',
    numbers: {},
    extra: expect.stringContaining('"request_problem":"is not JSON"'),
  });
  expect(await deadLetter('"id":"broken"')).toMatchObject({ field: 'data', reason: 'is not JSON' });
  const strange = await request(`${service.url}/v1/kserve`, { body: 'no event at all', headers: {} });
  expect(strange.status).toBe(200);
  expect(await deadLetter('no event at all')).toMatchObject({ field: 'specversion', reason: 'is required' });
  expect(await metric('malformed')).toBe(before + 2);
});

test('dead letters do not hold the request headers that the logger passes on', async () => {
  const headers = { 'Ce-Metadata': '{"Authorization":["Bearer very-secret"]}' };
  await sendKserve(service.url, { id: 'secretive', part: 'request', body: 'not json', headers });
  const { line } = await deadLetter('"id":"secretive"');
  expect(line).not.toContain('very-secret');
});

test('a mapping names model, version and features, and asks for no response where there is none', async () => {
  const headers = { 'Ce-Inferenceservicename': 'only-requests' };
  await sendKserve(service.url, { id: 'mapped', part: 'request', body: '{"instances":[[33,1200]]}', headers });
  expect((await stored('mapped', 1))[0]).toMatchObject({
    model: 'asked',
    version: '5',
    status: 'ok',
    numbers: { age: 33, income: 1200 },
  });
});

test('a transformer in front of a predictor is a model of its own', async () => {
  const headers = { 'Ce-Component': 'transformer' };
  await sendKserve(service.url, { id: 'front', part: 'request', body: '{"instances":[1]}', headers });
  await sendKserve(service.url, { id: 'front', part: 'response', body: '{"predictions":[1]}', headers });
  expect((await stored('front', 1))[0]).toMatchObject({ model: 'fraud-scorer/transformer' });
});

test('a record that the store refuses is a dead letter and stops nothing', async () => {
  const headers = { 'Ce-Inferenceservicename': 'bad name!' };
  await sendKserve(service.url, { id: 'refused', part: 'request', body: '{"instances":[1]}', headers });
  await sendKserve(service.url, { id: 'refused', part: 'response', body: '{"predictions":[1]}', headers });
  expect(await deadLetter('bad name!')).toMatchObject({ field: 'model', reason: expect.stringContaining('must be') });
});

test('of a payload over the limit only the call is stored', async () => {
  await sendKserve(hasty.url, { id: 'huge', part: 'request', body: 'x'.repeat(30_000) });
  expect(await deadLetter('"id":"huge"', hasty)).toMatchObject({ reason: 'is larger than 20000 bytes' });
  expect((await stored('huge', 1, hasty))[0]).toMatchObject({ status: 'no_response', numbers: {} });
});

test('events beyond the room of the queue are answered with 200, dropped and counted', async () => {
  const before = await metric('shed', hasty);
  const body = JSON.stringify({ instances: [{ text: 'y'.repeat(17_000) }] });
  const answer = await sendKserve(hasty.url, { id: 'flood', part: 'request', body });
  expect({ status: answer.status, body: answer.json() }).toEqual({ status: 200, body: { queued: false } });
  expect(await metric('shed', hasty)).toBe(before + 1);
  await sendKserve(hasty.url, { id: 'after', part: 'request', body: '{"instances":[1]}' });
  expect(await stored('after', 1, hasty)).toHaveLength(1);
});
