import { gzipSync } from 'node:zlib';
import { compress } from '@mongodb-js/zstd';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { Root } from 'protobufjs/light.js';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { createModelMatch } from '../../src/collectors/gpu/model-match.ts';
import { GpuTelemetry } from '../../src/collectors/gpu/gpu-telemetry.ts';
import { otlpConfigSchema } from '../../src/collectors/otlp/config.ts';
import { otlpMessages } from '../../src/collectors/otlp/otlp-messages.ts';
import { OtlpReceiver } from '../../src/collectors/otlp/otlp-receiver.ts';
import { systemClock } from '../../src/core/clock.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { type Answer, type Body, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import { waitFor } from '../support/processes.ts';

let service: Service;
beforeAll(async () => {
  service = await startInProcess({
    rules: [],
    collectors: { otlp: { max_body_bytes: 500_000, series_limit: 1000 } },
  });
});
afterAll(async () => {
  await service.stop();
});

const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';
const NANOS = '1777629600123000000'; // 2026-05-01T10:00:00.123Z

function post(
  path: 'logs' | 'metrics',
  body: Body,
  headers: Readonly<Record<string, string>> = {},
  to = service,
): Promise<Answer> {
  return request(`${to.url}/otlp/v1/${path}`, { body, headers: { 'content-type': JSON_TYPE, ...headers } });
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const number = (key: string, doubleValue: number) => ({ key, value: { doubleValue } });
const integer = (key: string, intValue: string) => ({ key, value: { intValue } });
const map = (...values: readonly object[]) => ({ kvlistValue: { values } });

function logs(records: readonly object[], resource: readonly object[] = [], scope = 'app'): object {
  return {
    resourceLogs: [
      { resource: { attributes: resource }, scopeLogs: [{ scope: { name: scope }, logRecords: records }] },
    ],
  };
}

const PREDICTION = {
  timeUnixNano: NANOS,
  severityNumber: 9,
  traceId: '4BF92F3577B34DA6A3CE929D0E0E4736',
  spanId: '00f067aa0ba902b7',
  eventName: 'plumbline.prediction',
  body: map(number('amount', 129.5), integer('age_days', '410'), text('country', 'PL')),
  attributes: [
    text('plumbline.model.name', 'fraud-scorer'),
    text('plumbline.model.version', '7'),
    number('plumbline.prediction.score', 0.91),
    number('plumbline.latency_ms', 14.2),
    text('plumbline.segment.region', 'eu'),
    text('tenant', 'acme'),
  ],
};
const RESOURCE = [text('service.name', 'fraud-scorer'), text('k8s.pod.name', 'fraud-0')];

async function stored(model: string, of = service): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const rows = await of.store.rows({
    name: 'stored',
    sql: 'SELECT * FROM predictions WHERE model = {model:String} ORDER BY ts, prediction_id',
    parameters: { model },
  });
  return z.array(z.record(z.string(), z.unknown())).parse(rows);
}

test('a log record with the documented attributes is a prediction, and the same export again counts once', async () => {
  const body = JSON.stringify(logs([PREDICTION], RESOURCE));
  const answer = await post('logs', body);
  expect({ status: answer.status, text: answer.text, type: answer.headers.get('content-type') }).toEqual({
    status: 200,
    text: '{}',
    type: 'application/json',
  });
  expect((await post('logs', gzipSync(body), { 'content-encoding': 'gzip' })).text).toBe('{}');
  expect((await post('logs', await compress(Buffer.from(body)), { 'content-encoding': 'zstd' })).text).toBe('{}');
  const rows = await stored('fraud-scorer');
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    ts: '2026-05-01T10:00:00.123Z',
    version: '7',
    numbers: { amount: 129.5, age_days: 410 },
    categories: { country: 'PL' },
    score: 0.91,
    latency_ms: 14.2,
    segments: { region: 'eu' },
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    pod: 'fraud-0',
    extra: '{"tenant":"acme"}',
  });
});

test('protobuf says the same as JSON and is answered in protobuf', async () => {
  const { logsRequest } = otlpMessages();
  const record = {
    ...PREDICTION,
    traceId: Buffer.from('4bf92f3577b34da6a3ce929d0e0e4736', 'hex'),
    spanId: Buffer.from('00f067aa0ba902b7', 'hex'),
    attributes: [text('plumbline.model.name', 'by-protobuf'), ...PREDICTION.attributes.slice(1)],
  };
  const bytes = logsRequest.encode(logsRequest.fromObject(logs([record], RESOURCE))).finish();
  const answer = await post('logs', new Uint8Array(bytes), { 'content-type': PROTOBUF });
  expect({ status: answer.status, text: answer.text, type: answer.headers.get('content-type') }).toEqual({
    status: 200,
    text: '',
    type: PROTOBUF,
  });
  const [byProtobuf] = await stored('by-protobuf');
  expect(byProtobuf).toMatchObject({
    ts: '2026-05-01T10:00:00.123Z',
    version: '7',
    numbers: { amount: 129.5, age_days: 410 },
    score: 0.91,
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    pod: 'fraud-0',
  });
});

test('log records that are no predictions are refused one by one, in both formats', async () => {
  const good = { ...PREDICTION, attributes: [text('model', 'mixed'), text('prediction_id', 'm-1')] };
  const bad = { timeUnixNano: NANOS, body: { stringValue: 'Server started.' } };
  const partial = await post('logs', JSON.stringify(logs([bad, good, bad])));
  expect(partial.status).toBe(200);
  expect(partial.json()).toEqual({
    partialSuccess: { rejectedLogRecords: '2', errorMessage: 'Log record 1: model is required.' },
  });
  expect(await stored('mixed')).toMatchObject([{ prediction_id: 'm-1' }]);
  const { logsRequest } = otlpMessages();
  const response = await fetch(`${service.url}/otlp/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': PROTOBUF },
    body: new Uint8Array(logsRequest.encode(logsRequest.fromObject(logs([bad]))).finish()),
  });
  const answer = Root.fromJSON({
    nested: {
      Partial: { fields: { rejected: { type: 'int64', id: 1 }, message: { type: 'string', id: 2 } } },
      Answer: { fields: { partial: { type: 'Partial', id: 1 } } },
    },
  }).lookupType('Answer');
  const decoded = answer.decode(new Uint8Array(await response.arrayBuffer()));
  expect(answer.toObject(decoded, { longs: Number })).toEqual({
    partial: { rejected: 1, message: 'Log record 1: model is required.' },
  });
});

test('a body that is a whole record is one', async () => {
  const record = { prediction_id: 'w-1', model: 'whole', prediction: 'cat', features: { a: 1 } };
  await post('logs', JSON.stringify(logs([{ timeUnixNano: NANOS, body: { stringValue: JSON.stringify(record) } }])));
  expect(await stored('whole')).toMatchObject([
    { prediction_id: 'w-1', ts: '2026-05-01T10:00:00.123Z', prediction_class: 'cat', numbers: { a: 1 } },
  ]);
});

test('BentoML monitoring needs nothing of its users', async () => {
  const resource = [text('service.name', 'shop:upsell'), text('service.instance.id', 'kjx3')];
  const meta = {
    key: 'bento_meta',
    value: map(text('bento_name', 'shop'), text('bento_version', 'kjx3'), text('monitor_name', 'upsell'), {
      key: 'schema',
      value: map(
        { key: 'offer', value: map(text('role', 'prediction')) },
        { key: 'amount', value: map(text('role', 'feature')) },
      ),
    }),
  };
  const body = (id: string, ...more: readonly object[]) => ({
    timeUnixNano: NANOS,
    body: map(
      number('amount', 12.5),
      text('offer', 'gold'),
      number('timestamp', 1777629000.5),
      text('request_id', id),
      text('trace_id', '103431256754987230'),
      ...more,
    ),
  });
  const records = [body('14642743634293743168', meta), body('14642743634293743169')];
  expect((await post('logs', JSON.stringify(logs(records, resource, 'bentoml_monitor_data')))).text).toBe('{}');
  expect(await stored('upsell')).toMatchObject(
    ['14642743634293743168', '14642743634293743169'].map((id) => ({
      prediction_id: id,
      version: 'kjx3',
      ts: '2026-05-01T09:50:00.500Z',
      numbers: { amount: 12.5 },
      prediction_class: 'gold',
      trace_id: BigInt('103431256754987230').toString(16).padStart(32, '0'),
    })),
  );
  const python = {
    timeUnixNano: NANOS,
    body: { stringValue: "{'amount': 1.5, 'pred': True, 'request_id': '7', 'note': None}" },
  };
  await post('logs', JSON.stringify(logs([python], [text('service.name', 'old:python')], 'bentoml_monitor_data')));
  expect(await stored('python')).toMatchObject([{ prediction_id: '7', prediction_class: 'true', missing: ['note'] }]);
});

test('gen_ai events are predictions without their texts, and evaluations are labels', async () => {
  const call = {
    timeUnixNano: NANOS,
    eventName: 'gen_ai.client.inference.operation.details',
    attributes: [
      text('gen_ai.request.model', 'gpt-x'),
      text('gen_ai.response.id', 'chatcmpl-1'),
      integer('gen_ai.usage.output_tokens', '120'),
      text('gen_ai.input.messages', 'my password'),
      { key: 'gen_ai.response.finish_reasons', value: { arrayValue: { values: [{ stringValue: 'stop' }] } } },
    ],
  };
  const evaluation = {
    timeUnixNano: NANOS,
    eventName: 'gen_ai.evaluation.result',
    attributes: [text('gen_ai.response.id', 'chatcmpl-1'), number('gen_ai.evaluation.score.value', 0.5)],
  };
  expect((await post('logs', JSON.stringify(logs([call, evaluation])))).text).toBe('{}');
  expect(await stored('gpt-x')).toMatchObject([
    { prediction_id: 'chatcmpl-1', prediction_class: 'stop', numbers: { output_tokens: 120 }, extra: '' },
  ]);
  const labels = await service.store.rows({
    name: 'labels',
    sql: "SELECT label_number FROM labels WHERE prediction_id = 'chatcmpl-1'",
  });
  expect(labels).toEqual([{ label_number: 0.5 }]);
});

test('metrics get the names, labels and cumulative buckets that Prometheus would give them', async () => {
  const attributes = [text('http.route', '/predict')];
  const point = { timeUnixNano: NANOS, attributes };
  const metrics = [
    { name: 'gpu.utilization', unit: '1', gauge: { dataPoints: [{ ...point, asDouble: 0.5 }] } },
    {
      name: 'requests',
      unit: '{request}',
      sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ ...point, asInt: '7' }] },
    },
    {
      name: 'http.server.request.duration',
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [{ ...point, count: '6', sum: 1.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.1, 1] }],
      },
    },
    { name: 'deltas', sum: { aggregationTemporality: 1, dataPoints: [{ ...point, asInt: '7' }] } },
  ];
  const resource = {
    attributes: [text('service.name', 'scorer'), text('service.namespace', 'shop'), text('service.instance.id', 'i-1')],
  };
  const body = JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
  const { metricsRequest } = otlpMessages();
  const bytes = new Uint8Array(
    metricsRequest
      .encode(metricsRequest.fromObject(z.record(z.string(), z.unknown()).parse(JSON.parse(body))))
      .finish(),
  );
  expect((await post('metrics', body)).json()).toEqual({
    partialSuccess: {
      rejectedDataPoints: '1',
      errorMessage: 'A data point has delta temporality; export cumulative metrics.',
    },
  });
  expect((await post('metrics', body)).status).toBe(200);
  const select = `SELECT name, labels['le'] AS le, labels['http_route'] AS route, job, instance, value, count() AS n FROM metric_samples
WHERE job = 'shop/scorer' GROUP BY ALL ORDER BY name, value`;
  const common = { route: '/predict', job: 'shop/scorer', instance: 'i-1' };
  const expected = (n: number) =>
    [
      { name: 'gpu_utilization_ratio', le: '', value: 0.5 },
      { name: 'http_server_request_duration_seconds_bucket', le: '0.1', value: 1 },
      { name: 'http_server_request_duration_seconds_bucket', le: '1', value: 3 },
      { name: 'http_server_request_duration_seconds_bucket', le: '+Inf', value: 6 },
      { name: 'http_server_request_duration_seconds_count', le: '', value: 6 },
      { name: 'http_server_request_duration_seconds_sum', le: '', value: 1.5 },
      { name: 'requests_total', le: '', value: 7 },
    ].map((row) => ({ ...row, ...common, n }));
  expect(await service.store.rows({ name: 'samples', sql: select })).toEqual(expected(1));
  expect((await post('metrics', bytes, { 'content-type': PROTOBUF })).status).toBe(200);
  expect(await service.store.rows({ name: 'samples', sql: select })).toEqual(expected(2));
});

test.each([
  ['broken JSON', '{"resourceLogs":', {}, 400],
  ['JSON that is no object', '[1]', {}, 400],
  ['broken protobuf', 'plain text', { 'content-type': PROTOBUF }, 400],
  ['broken gzip', 'plain text', { 'content-encoding': 'gzip' }, 400],
  ['an unknown encoding', '{}', { 'content-encoding': 'br' }, 400],
  ['another type', '<a/>', { 'content-type': 'text/xml' }, 415],
  ['a body over the limit', `{"x":"${'x'.repeat(600_000)}"}`, {}, 413],
  ['a body that is over the limit unzipped', gzipSync(Buffer.alloc(600_000, ' ')), { 'content-encoding': 'gzip' }, 413],
] as const)(
  '%s is answered with a status that says why, and nothing to come back for',
  async (_name, body, headers, status) => {
    for (const path of ['logs', 'metrics'] as const) {
      const answer = await post(path, body, headers);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('retry-after')).toBeNull();
      if (answer.headers.get('content-type') === JSON_TYPE)
        expect(answer.json()).toEqual({ message: expect.any(String) });
      else expect(answer.text.length).toBeGreaterThan(10);
    }
  },
);

test('GPU samples are derived from metrics once, and the pod of the resource says whose they are', async () => {
  const telemetry = new Telemetry(new Registry());
  const receiver = new OtlpReceiver({
    config: otlpConfigSchema.parse({}),
    store: service.store,
    writer: service.writer,
    gpu: new GpuTelemetry(createModelMatch([{ model: 'scorer', gpu: { pod: 'scorer-.*' } }]), telemetry),
    telemetry,
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    wallClock: systemClock,
    random: Math.random,
    answerMs: 60_000,
  });
  const resource = { attributes: [text('k8s.pod.name', 'scorer-0'), text('k8s.node.name', 'gpu-3')] };
  const dataPoints = [{ timeUnixNano: NANOS, asDouble: 93, attributes: [text('UUID', 'GPU-1'), text('gpu', '0')] }];
  const metrics = [{ name: 'DCGM_FI_DEV_GPU_UTIL', gauge: { dataPoints } }];
  const body = Buffer.from(JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }));
  const sent = { signal: 'metrics', format: 'json', encoding: undefined, body } as const;
  expect(await receiver.take(sent)).toBeUndefined();
  expect(await receiver.take(sent)).toBeUndefined();
  await receiver.stop();
  const rows = await service.store.rows({
    name: 'gpu_samples',
    sql: "SELECT signal, gpu, node, pod, model, value FROM gpu_samples WHERE gpu = 'GPU-1'",
    parameters: {},
  });
  expect(rows).toEqual([
    { signal: 'gpu_utilization_ratio', gpu: 'GPU-1', node: 'gpu-3', pod: 'scorer-0', model: 'scorer', value: 0.93 },
  ]);
});

test('what a serving runtime says over OTLP becomes the numbers of its model', async () => {
  const attributes = [text('model_name', 'chat')];
  const point = { timeUnixNano: NANOS, attributes };
  const histogram = { ...point, count: '4', sum: 2, explicitBounds: [0.5, 1], bucketCounts: ['3', '1', '0'] };
  const metrics = [
    { name: 'vllm:num_requests_waiting', gauge: { dataPoints: [{ ...point, asDouble: 7 }] } },
    {
      name: 'vllm:e2e_request_latency_seconds',
      histogram: { aggregationTemporality: 2, dataPoints: [histogram] },
    },
  ];
  const resource = { attributes: [text('k8s.pod.name', 'chat-0')] };
  const sent = await post('metrics', JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }));
  expect(sent.status).toBe(200);
  const rows = await waitFor('the rows of the runtime', async () => {
    const found = await service.store.rows({
      name: 'serving_samples',
      sql: "SELECT measure, runtime, toString(le) AS le, value FROM serving_samples WHERE model = 'chat' ORDER BY ALL",
    });
    return found.length >= 6 ? found : undefined;
  });
  const vllm = (measure: string, le: string, value: number) => ({ measure, runtime: 'vllm', le, value });
  expect(rows).toEqual([
    vllm('latency_bucket', '0.5', 3),
    vllm('latency_bucket', '1', 4),
    vllm('latency_bucket', 'inf', 4),
    vllm('latency_count', '0', 4),
    vllm('latency_sum', '0', 2),
    vllm('queue_depth', '0', 7),
  ]);
});

test('an empty request is a success', async () => {
  expect((await post('logs', '{}')).text).toBe('{}');
  expect(await post('metrics', '', { 'content-type': PROTOBUF })).toMatchObject({ status: 200, text: '' });
});

test('while the store hangs exporters are told to come back, and what they send again counts once', async () => {
  const record = { ...PREDICTION, attributes: [text('model', 'hanging')] };
  const point = { timeUnixNano: NANOS, asDouble: 1 };
  const bodies = {
    logs: JSON.stringify(logs([record])),
    metrics: JSON.stringify({
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'hanging', gauge: { dataPoints: [point] } }] }] }],
    }),
  };
  const impatient = await startInProcess({ rules: [], server: { answer_timeout: '1s' } });
  onTestFinished(() => impatient.stop());
  const pid = impatient.enginePid;
  if (pid === undefined) throw new Error('The service has no engine of its own.');
  process.kill(pid, 'SIGSTOP');
  try {
    for (const path of ['logs', 'metrics'] as const) {
      const answer = await post(path, bodies[path], {}, impatient);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(answer.json()).toEqual({ message: expect.stringContaining('send them again later') });
    }
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  for (const path of ['logs', 'metrics'] as const) {
    await waitFor(`${path} to be taken`, async () =>
      (await post(path, bodies[path], {}, impatient)).status === 200 ? true : undefined,
    );
  }
  expect(await stored('hanging', impatient)).toHaveLength(1);
  const samples = await impatient.store.rows({
    name: 'n',
    sql: "SELECT count() AS n FROM metric_samples WHERE name = 'hanging'",
  });
  expect(samples).toEqual([{ n: 1 }]);
});

test('nesting without end is refused and does no harm', async () => {
  const deep = `${'{"arrayValue":{"values":['.repeat(5000)}{"intValue":"1"}${']}}'.repeat(5000)}`;
  const body = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${deep}}]}]}]}`;
  expect((await post('logs', body)).json()).toMatchObject({ partialSuccess: { rejectedLogRecords: '1' } });
  expect((await post('logs', '{}')).status).toBe(200);
});
