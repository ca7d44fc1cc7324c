import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IntakeResult, takeIn } from '../../../src/collectors/http/intake.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { BatchWriter } from '../../../src/store/ingest/batch-writer.ts';
import { Spool } from '../../../src/store/ingest/spool.ts';
import type { RecordKind } from '../../../src/store/ingest/unit.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

let running: TestStore;
let writer: BatchWriter;

beforeAll(async () => {
  running = await startTestStore();
  writer = new BatchWriter({
    store: running.store,
    spool: new Spool(mkdtempSync(join(tmpdir(), 'plumbline-spool-'))),
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    telemetry: running.telemetry,
  });
  await writer.recover();
});
afterAll(async () => {
  await writer.stop(5000);
  await running.stop();
});

function send(
  body: string | Buffer,
  options: {
    kind?: RecordKind;
    format?: 'ndjson' | 'json';
    encoding?: 'identity' | 'gzip' | 'zstd';
    key?: string;
    chunk?: number;
  } = {},
): Promise<IntakeResult> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const size = options.chunk ?? 7;
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return takeIn({
    body: Readable.from(chunks, { objectMode: false }),
    kind: options.kind ?? 'predictions',
    format: options.format ?? 'ndjson',
    encoding: options.encoding ?? 'identity',
    key: options.key,
    writer,
    clock: systemClock,
  });
}

const good = (id: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    prediction_id: id,
    ts: '2026-05-01T10:00:00.123Z',
    model: 'm',
    features: { a: 1, b: 'x', c: true, d: null },
    ...more,
  });

async function stored(id: string): Promise<unknown> {
  const rows = await running.store.rows({
    name: 'stored',
    sql: 'SELECT * FROM predictions WHERE prediction_id = {id:String}',
    parameters: { id },
  });
  return rows[0];
}

describe('a prediction', () => {
  test('keeps every field of the contract, and unknown keys as extra', async () => {
    const line = good('full', {
      version: '3',
      prediction: 1,
      score: 0.83,
      latency_ms: 12.4,
      segment: 'x',
      segments: { carrier: 'AA' },
      trace_id: 't',
      pod: 'p',
      node: 'n',
      scores: { yes: 0.83, no: 0.17 },
      tenant: 'acme',
      deep: { a: [1] },
    });
    expect(await send(line)).toMatchObject({ accepted: 1, rejected: 0, errors: [], unreadable: false });
    expect(await stored('full')).toMatchObject({
      ts: '2026-05-01T10:00:00.123Z',
      model: 'm',
      version: '3',
      numbers: { a: 1 },
      categories: { b: 'x', c: 'true' },
      missing: ['d'],
      prediction_number: 1,
      prediction_class: '',
      score: 0.83,
      scores: { yes: 0.83, no: 0.17 },
      latency_ms: 12.4,
      status: 'ok',
      segments: { carrier: 'AA', segment: 'x' },
      trace_id: 't',
      pod: 'p',
      node: 'n',
      extra: '{"tenant":"acme","deep":{"a":[1]}}',
    });
  });

  test('may carry epoch milliseconds, an offset, a numeric version and a boolean prediction', async () => {
    const lines = [
      good('epoch', { ts: 1777629600123, version: 7, prediction: true }),
      good('offset', { ts: '2026-05-01T12:00:00.123456789+02:00', prediction: 'cat' }),
    ];
    expect(await send(lines.join('\n'))).toMatchObject({ accepted: 2, rejected: 0 });
    expect(await stored('epoch')).toMatchObject({
      ts: '2026-05-01T10:00:00.123Z',
      version: '7',
      prediction_class: 'true',
    });
    expect(await stored('offset')).toMatchObject({
      ts: '2026-05-01T10:00:00.123Z',
      version: '0',
      prediction_class: 'cat',
    });
  });

  test('is read alike however it is spelled', async () => {
    const spelled = (id: string, features: string, more = ''): string =>
      `{"prediction_id":"${id}","ts":"2026-05-01T10:00:00.123Z","model":"m","features":${features}${more}}`;
    const lines = [
      `\ufeff${spelled('bom', '{"a":1}')}`,
      `\t ${spelled('blank', '{ "a" : -0.5e1 , "b" : false }', ' , "pod" : null')}`,
      spelled('quoted', '{"a":"2.5","b":"null","c":"true","d":""}'),
      spelled('escaped', '{"\\u0061":"x\\"y\\\\","b":"\\u00e9\\/"}'),
      spelled('null keys', '{}', ',"pod":null,"score":null,"odd":1'),
      spelled('twice', '{"a":1}', ',"pod":"p","pod":"q"'),
    ];
    expect(await send(lines.join('\n'))).toMatchObject({ accepted: 6, rejected: 0, errors: [] });
    expect(await stored('bom')).toMatchObject({ numbers: { a: 1 }, extra: '' });
    expect(await stored('blank')).toMatchObject({ numbers: { a: -5 }, categories: { b: 'false' }, pod: '', extra: '' });
    expect(await stored('quoted')).toMatchObject({
      numbers: {},
      categories: { a: '2.5', b: 'null', c: 'true', d: '' },
      missing: [],
    });
    expect(await stored('escaped')).toMatchObject({ categories: { a: 'x"y\\', b: 'é/' } });
    expect(await stored('null keys')).toMatchObject({ score: null, pod: '', extra: '{"odd":1}' });
    expect(await stored('twice')).toMatchObject({ pod: 'p', extra: '' });
  });

  test.each([
    ['not json at all', '', 'is not valid JSON'],
    ['[1,2]', '', 'is not a JSON object'],
    ['{}', 'prediction_id', 'is required'],
    ['{"prediction_id":"x"}', 'ts', 'is required'],
    ['{"prediction_id":5,"ts":1777629600123,"model":"m"}', 'prediction_id', 'must be a string of 1 to 128 characters'],
    [good('x'.repeat(129)), 'prediction_id', 'must be a string of 1 to 128 characters'],
    ['{"prediction_id":"x","ts":1777629600123}', 'model', 'is required'],
    [good('x', { model: 'a b' }), 'model', 'must be a string that matches'],
    [good('x', { model: 7 }), 'model', 'must be a string that matches'],
    [good('x', { version: 1.5 }), 'version', 'must be a string that matches'],
    [good('x', { ts: 'yesterday' }), 'ts', 'must be an RFC 3339 time'],
    [good('x', { ts: '2026-13-45T00:00:00Z' }), 'ts', 'must be an RFC 3339 time'],
    [good('x', { ts: 1777629600 }), 'ts', 'epoch times must be in milliseconds'],
    [good('x', { ts: '9999-01-01T00:00:00Z' }), 'ts', 'more than one hour in the future'],
    [good('x', { ts: 1e300 }), 'ts', 'must be an RFC 3339 time'],
    [good('x', { ts: true }), 'ts', 'must be an RFC 3339 time'],
    [good('x', { features: [1] }), 'features', 'must be an object'],
    [good('x', { features: 'a' }), 'features', 'must be an object'],
    [good('x', { features: { a: [1] } }), 'features.a', 'must be a number, a string, a boolean or null'],
    [good('x', { features: { ok: 1, a: { b: 1 } } }), 'features.a', 'must be a number, a string, a boolean or null'],
    [good('x', { features: { a: 'y'.repeat(9000) } }), 'features.a', 'is longer than 8192 bytes'],
    [good('x', { features: { ['k'.repeat(300)]: 1 } }), 'features', 'longer than 256 bytes'],
    [
      good('x', { features: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, i])) }),
      'features',
      'more than 1000',
    ],
    [good('x').replace('"a":1', '"a":NaN'), 'features.a', 'NaN and Infinity are not JSON numbers'],
    [good('x').replace('"a":1', '"a":-Infinity'), 'features.a', 'NaN and Infinity are not JSON numbers'],
    [
      '{"prediction_id":"x","ts":1777629600123,"model":"m","score":NaN}',
      'score',
      'NaN and Infinity are not JSON numbers',
    ],
    [good('x', { score: '0.5' }), 'score', 'must be a number or null'],
    [good('x', { score: 1.5 }), 'score', 'must be a probability between 0 and 1'],
    [good('x', { scores: { a: 'b' } }), 'scores', 'must map classes to numbers'],
    [good('x', { scores: 3 }), 'scores', 'must map classes to numbers'],
    [good('x', { prediction: { a: 1 } }), 'prediction', 'must be a number, a string, a boolean or null'],
    [good('x', { latency_ms: 'fast' }), 'latency_ms', 'must be a number or null'],
    [good('x', { latency_ms: -1 }), 'latency_ms', 'must be between 0 and 1e9 milliseconds'],
    [good('x', { latency_ms: 1e39 }), 'latency_ms', 'must be between 0 and 1e9 milliseconds'],
    [good('x', { status: 5 }), 'status', 'must be a string of at most 64 bytes'],
    [good('x', { segments: { a: {} } }), 'segments', 'must map names to strings'],
    [good('x', { segments: 'eu' }), 'segments', 'must map names to strings'],
    [good('x', { segment: 5 }), 'segment', 'must be a string'],
    [`{"prediction_id":"x","pad":"${'p'.repeat(1_100_000)}"}`, '', 'line is longer than 1048576 bytes'],
  ])('is refused with line, field and reason: %#', async (bad, field, reason) => {
    const id = `after-${Math.abs(hash(bad))}`;
    const result = await send(`${good(`before-${id}`)}\n${bad}\n\n${good(id)}\n`, { chunk: 65_536 });
    expect(result).toMatchObject({ accepted: 2, rejected: 1, unreadable: false });
    expect(result.errors).toHaveLength(1);
    expect(result.errors[0]).toMatchObject({ line: 2, field });
    expect(result.errors[0]?.reason).toContain(reason);
    expect(await stored(id)).toMatchObject({ prediction_id: id });
  });

  test('sent again under the same key, or as the same bytes, counts once', async () => {
    const body = `${good('again-1')}\nbroken\n${good('again-2')}`;
    const first = await send(body, { key: 'k1' });
    expect(await send(body, { key: 'k1' })).toEqual(first);
    const [left, right] = await Promise.all([send(good('again-3')), send(good('again-3'))]);
    expect(left).toEqual(right);
    const rows = await running.store.rows({
      name: 'count',
      sql: "SELECT count() AS n, (SELECT sum(requests) FROM service_per_minute WHERE segment = '') AS rolled, (SELECT count() FROM predictions) AS total FROM predictions WHERE startsWith(prediction_id, 'again-')",
    });
    expect(rows[0]).toMatchObject({ n: 3 });
    const [counts] = rows;
    expect(counts).toSatisfy((row: { rolled: number; total: number }) => row.rolled === row.total);
  });
});

describe('a body', () => {
  test('may be an array, one object or objects in a row, cut anywhere', async () => {
    const array = `[${good('arr-1')}, ${JSON.stringify(JSON.parse(good('arr-2')), undefined, 2)} ,{"prediction_id":"]}\\"["}]`;
    for (const chunk of [1, 3, 1000]) {
      expect(await send(array, { format: 'json', chunk, key: `a${chunk}` })).toMatchObject({
        accepted: 2,
        rejected: 1,
      });
    }
    expect(await send(good('one'), { format: 'json' })).toMatchObject({ accepted: 1, rejected: 0 });
    expect(await send(`${good('row-1')}\n${good('row-2')}`, { format: 'json' })).toMatchObject({
      accepted: 2,
      rejected: 0,
    });
  });

  test('that ends early keeps its good lines and says where it broke', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => good(`cut-${i}`, { noise: hash(String(i)) })).join('\n');
    const zipped = gzipSync(lines);
    const result = await send(zipped.subarray(0, zipped.length - 200), { encoding: 'gzip', chunk: 4096 });
    expect(result.accepted).toBeGreaterThan(1000);
    expect(result.errors.at(-1)?.reason).toBe('the gzip body ends early');
    expect(await send('no gzip', { encoding: 'gzip' })).toMatchObject({ accepted: 0, unreadable: true });
  });

  test('in which nothing can be read is unreadable', async () => {
    expect(await send('')).toMatchObject({ accepted: 0, rejected: 0, unreadable: true });
    expect(await send('hello')).toMatchObject({ accepted: 0, rejected: 1, unreadable: true });
    expect(await send('hello', { format: 'json' })).toMatchObject({ accepted: 0, rejected: 1, unreadable: true });
    expect(await send('[{"a":1', { format: 'json' })).toMatchObject({ accepted: 0, rejected: 1, unreadable: true });
  });
});

test('labels, business numbers and change events are checked in the same way', async () => {
  expect(
    await send(
      [
        '{"prediction_id":"p","label":1,"label_ts":"2026-05-01T10:00:00Z"}',
        '{"prediction_id":"p","label":"late","ts":1777629600123,"model":"m"}',
        '{"prediction_id":"p"}',
        '{"prediction_id":"p","label":null,"ts":1777629600123}',
      ].join('\n'),
      { kind: 'labels' },
    ),
  ).toMatchObject({
    accepted: 2,
    errors: [
      { line: 3, field: 'label' },
      { line: 4, field: 'label' },
    ],
  });
  expect(
    await send(
      [
        '{"ts":1777629600123,"metric":"revenue_usd","value":5,"model":"m","labels":{"shop":"eu"}}',
        '{"ts":1777629600123,"metric":"a b","value":5}',
        '{"ts":1777629600123,"metric":"revenue_usd","value":"5"}',
      ].join('\n'),
      { kind: 'business' },
    ),
  ).toMatchObject({ accepted: 1, errors: [{ field: 'metric' }, { field: 'value' }] });
  expect(
    await send(
      [
        '{"ts":1777629600123,"kind":"deploy","title":"v3","model":"m","version":"3","labels":{"a":"b"}}',
        '{"ts":1777629600123,"kind":"party","title":"x"}',
        '{"ts":1777629600123,"kind":"deploy"}',
      ].join('\n'),
      { kind: 'events' },
    ),
  ).toMatchObject({ accepted: 1, errors: [{ field: 'kind' }, { field: 'title' }] });
});

function hash(text: string): number {
  let value = 7;
  for (let i = 0; i < text.length; i += 1) value = (Math.imul(value, 31) + text.charCodeAt(i)) | 0;
  return value;
}
