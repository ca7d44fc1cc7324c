import { expect, test } from 'vitest';
import { parseCloudEvents } from '../../../src/collectors/cloudevents/parse-cloud-events.ts';

const ATTRIBUTES = { specversion: '1.0', id: 'i', source: '/s', type: 't' };
const JSON_TYPE = 'application/cloudevents+json';

function parse(body: unknown, contentType = JSON_TYPE) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return parseCloudEvents({ headers: { 'content-type': contentType }, body: Buffer.from(text) });
}

test('a binary event has its attributes in headers, percent-encoded or as raw JSON', () => {
  const { events, problems } = parseCloudEvents({
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': 'a%20b',
      'ce-source': '/s',
      'ce-type': 't',
      'ce-time': '2026-05-01T10:00:00Z',
      'ce-metadata': '{"rate":"50%25"}',
      'ce-odd': '100% sure',
      accept: '*/*',
    },
    body: Buffer.from('{"x":1}'),
  });
  expect(problems).toEqual([]);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    id: 'a b',
    source: '/s',
    type: 't',
    time: '2026-05-01T10:00:00Z',
    contentType: 'application/json',
    data: { kind: 'bytes', bytes: Buffer.from('{"x":1}') },
  });
  expect([...(events[0]?.extensions ?? [])]).toEqual([
    ['metadata', '{"rate":"50%25"}'],
    ['odd', '100% sure'],
  ]);
});

test('Kafka carries the same attributes under another prefix', () => {
  const headers = { ce_specversion: '1.0', ce_id: 'i', ce_source: '/s', ce_type: 't', ce_traceparent: '00-x' };
  const { events } = parseCloudEvents({ headers, body: Buffer.from('x'), prefix: 'ce_' });
  expect(events[0]?.extensions.get('traceparent')).toBe('00-x');
});

test('a structured event has JSON data, text data or bytes', () => {
  const read = (more: Readonly<Record<string, unknown>>): unknown => parse({ ...ATTRIBUTES, ...more }).events[0]?.data;
  expect(read({ data: { a: 1 } })).toMatchObject({ kind: 'json', value: { a: 1 } });
  expect(read({ data: 'x', datacontenttype: 'text/plain' })).toMatchObject({ kind: 'bytes', bytes: Buffer.from('x') });
  expect(read({ data: '"x"', datacontenttype: 'application/vnd.x+json' })).toMatchObject({
    kind: 'json',
    value: '"x"',
  });
  expect(read({ data_base64: 'AQI=' })).toMatchObject({ kind: 'bytes', bytes: Buffer.from([1, 2]) });
});

test('a bad event of a batch costs only itself', () => {
  const batch = [ATTRIBUTES, { ...ATTRIBUTES, type: '' }, 7, { ...ATTRIBUTES, id: 'last' }];
  const { events, problems } = parse(batch, 'application/cloudevents-batch+json; charset=utf-8');
  expect(events.map(({ id }) => id)).toEqual(['i', 'last']);
  expect(problems.map(({ index, field, reason }) => [index, field, reason])).toEqual([
    [1, 'type', 'is required'],
    [2, '', 'is not a JSON object'],
  ]);
});

test.each([
  ['{"id":', JSON_TYPE, '', 'is not valid JSON'],
  ['{}', 'application/cloudevents-batch+json', '', 'is not a JSON array of events'],
  [{ ...ATTRIBUTES, specversion: '0.3' }, JSON_TYPE, 'specversion', 'must be 1.0'],
  [{ ...ATTRIBUTES, data_base64: '%%%' }, JSON_TYPE, 'data_base64', 'must be base64 text'],
  [{ ...ATTRIBUTES, id: 'x'.repeat(20_000) }, JSON_TYPE, 'id', 'is longer than 16384 characters'],
  [
    Object.fromEntries([...Object.entries(ATTRIBUTES), ...Array.from({ length: 200 }, (_, at) => [`x${at}`, 'y'])]),
    JSON_TYPE,
    '',
    'has more than 128 attributes',
  ],
  [Array.from({ length: 10_001 }, () => 1), 'application/cloudevents-batch+json', '', 'holds more than 10000 events'],
])('what is no event is a problem: %#', (body, type, field, reason) => {
  const { events, problems } = parse(body, type);
  expect(events).toEqual([]);
  expect(problems).toMatchObject([{ index: 0, field, reason }]);
});
