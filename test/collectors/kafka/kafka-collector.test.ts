import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { requireTool } from '../../../scripts/real-components.ts';
import { predictionLine } from '../../support/client.ts';
import { damageBatch, recordHead, sendingInstead, zstdBomb } from '../../support/kafka-bombs.ts';
import { requireKafka } from '../../support/kafka-broker.ts';
import { waitFor } from '../../support/processes.ts';
import { KafkaFixture, metric } from './fixture.ts';

const source = requireKafka();
const kcat = source === undefined ? undefined : requireTool('kcat');
const MIB = 1024 * 1024;
const EVERYTHING = `SELECT (SELECT count() FROM predictions) + (SELECT count() FROM labels)
  + (SELECT count() FROM business_metrics) + (SELECT count() FROM change_events) + (SELECT count() FROM dead_letters) AS n`;

describe.skipIf(source === undefined)('the Kafka collector', () => {
  let kafka: KafkaFixture;
  beforeAll(async () => {
    if (source !== undefined) kafka = await KafkaFixture.start(source);
  });
  afterAll(async () => {
    await kafka?.stop();
  });

  test('stores records of every kind, codec and shape once, and buries the bad ones with their offset', async () => {
    for (const topic of ['p', 'l', 'b', 'e']) await kafka.broker.createTopic(`all-${topic}`, 2);
    const { collector, registry } = kafka.collector({
      predictions: 'all-p',
      labels: ['all-l'],
      business: 'all-b',
      events: 'all-e',
    });
    await collector.start();
    const { producer } = kafka;
    const indented = JSON.stringify(JSON.parse(line(5)), null, 2);
    await producer.send('all-p', 0, [line(0), `${line(1)}\n${line(2)}\n`, '{"bad":', null], 'ZSTD');
    await producer.send('all-p', 0, [`[${line(3)},${line(4)}]`, indented], 'Snappy');
    await producer.send('all-p', 1, [line(6), `${line(7)}\nbroken\n${line(8)}`], 'GZIP');
    await producer.send('all-p', 1, [event(9, 'binary'), event(10, 'structured'), event(11, 'batch')], 'LZ4');
    await producer.send('all-p', 1, [{ value: 'x', headers: { ce_specversion: '1.0' } }], 'LZ4');
    await producer.send('all-l', 0, ['{"prediction_id":"p-1","label":1,"ts":"2026-05-01T11:00:00Z"}'], 'None');
    await producer.send('all-b', 1, ['{"ts":"2026-05-01T11:00:00Z","metric":"revenue","value":3.5}']);
    await producer.send('all-e', 1, ['{"ts":"2026-05-01T11:00:00Z","kind":"deploy","title":"v4"}']);
    await kafka.reach('all records', EVERYTHING, 19);
    await waitFor('the lag to be gone', async () =>
      (await metric(registry, 'plumbline_kafka_lag')) === 0 ? true : undefined,
    );
    await collector.stop();
    const ids = await kafka.rows(
      z.object({ id: z.string() }),
      'SELECT prediction_id AS id FROM predictions ORDER BY toUInt32(substring(id, 3))',
    );
    expect(ids.map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, index) => `p-${index}`));
    expect(await kafka.count(EVERYTHING)).toBe(19);
    const dead = await kafka.rows(
      z.object({
        topic: z.string(),
        partition: z.number(),
        offset: z.number(),
        field: z.string(),
        reason: z.string(),
        line: z.string(),
      }),
      'SELECT topic, partition, offset, field, reason, line FROM kafka_dead_letters ORDER BY partition, offset',
    );
    const topic = 'all-p';
    expect(dead).toEqual([
      { topic, partition: 0, offset: 2, field: '', reason: 'is not valid JSON', line: '{"bad":' },
      { topic, partition: 0, offset: 3, field: '', reason: 'message has no value (tombstone)', line: '' },
      { topic, partition: 1, offset: 1, field: '', reason: 'is not valid JSON', line: 'broken' },
      { topic, partition: 1, offset: 5, field: 'ce_id', reason: 'is required', line: 'x' },
    ]);
    expect(await metric(registry, 'plumbline_kafka_dead_letters_total')).toBe(4);
    expect(await metric(registry, 'plumbline_kafka_messages_total')).toBe(15);
    expect(await metric(registry, 'plumbline_kafka_committed_offset')).toBe(15);
  });

  test.skipIf(kcat === undefined)(
    'reads what librdkafka compresses, and a batch of more than 120,000 records',
    async () => {
      await kafka.broker.createTopic('rd', 1);
      const { collector } = kafka.collector({ labels: 'rd' });
      const codecs = ['gzip', 'snappy', 'lz4', 'zstd'];
      for (const [index, codec] of codecs.entries()) produce('rd', codec, index * 10, 10);
      produce('rd', 'lz4', 1000, 130_000);
      await collector.start();
      const stored = `SELECT count() AS n FROM labels WHERE prediction_id LIKE 'rd-%'`;
      await kafka.reach('130,040 labels', stored, 130_040);
      await collector.stop();
      expect(await kafka.count(stored)).toBe(130_040);
      expect(await kafka.count(stored.replace('count()', 'uniqExact(prediction_id)'))).toBe(130_040);
    },
  );

  test('goes on behind batches that inflate beyond the limit, and buries them with their offsets', async () => {
    const topic = 'bomb';
    await kafka.broker.createTopic(topic, 1);
    const { producer } = kafka;
    const zeros = Buffer.alloc(8 * MIB);
    const huge = 12_000 * 128 * 1024;
    await producer.send(topic, 0, [line(200), line(201)], 'ZSTD');
    const sent = () => producer.send(topic, 0, ['what is sent instead'], 'ZSTD');
    await sendingInstead('ZSTD', zstdBomb(recordHead(huge), 12_000), sent);
    await producer.send(topic, 0, [line(202)], 'Snappy');
    for (const codec of ['GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const) {
      await producer.send(topic, 0, [line(300), zeros], codec);
    }
    await producer.send(topic, 0, [line(203)], 'LZ4');
    const { collector, registry } = kafka.collector({ predictions: topic }, { max_inflated_bytes: MIB });
    await collector.start();
    const mine = `SELECT count() AS n FROM predictions WHERE prediction_id IN ('p-200', 'p-201', 'p-202', 'p-203', 'p-300')`;
    await kafka.reach('the good records', mine, 4);
    await waitFor('the lag to be gone', async () =>
      (await metric(registry, 'plumbline_kafka_lag')) === 0 ? true : undefined,
    );
    await collector.stop();
    expect(await kafka.count(mine)).toBe(4);
    const dead = await kafka.rows(
      z.object({ partition: z.number(), offset: z.number(), reason: z.string() }),
      `SELECT partition, offset, reason FROM kafka_dead_letters WHERE topic = '${topic}' ORDER BY offset`,
    );
    const because = 'cannot be read: it inflates to more than 1048576 bytes';
    expect(dead).toEqual([
      { partition: 0, offset: 2, reason: `records 2 to 2 ${because}` },
      ...[4, 6, 8, 10].map((offset) => ({
        partition: 0,
        offset,
        reason: `records ${offset} to ${offset + 1} ${because}`,
      })),
    ]);
    expect(await metric(registry, 'plumbline_kafka_unreadable_records_total')).toBe(9);
    expect(await metric(registry, 'plumbline_kafka_dead_letters_total')).toBe(5);
    expect(await metric(registry, 'plumbline_kafka_committed_offset')).toBe(13);
  });

  test.skipIf(source !== undefined && 'brokers' in source)(
    'goes on behind damaged batches, and buries them with their offsets and their beginning',
    async () => {
      const topic = 'damaged';
      await kafka.broker.createTopic(topic, 1);
      const codecs = ['GZIP', 'Snappy', 'LZ4', 'ZSTD', 'None'] as const;
      for (const codec of codecs) {
        await kafka.producer.send(topic, 0, [line(400), line(401)], codec);
        await kafka.producer.send(topic, 0, [line(402), line(403), line(404)], codec);
      }
      for (const index of codecs.keys()) damageBatch(kafka.broker.logFile(topic, 0), 5 * index + 2);
      const { collector, registry } = kafka.collector({ predictions: topic });
      await collector.start();
      const mine = `SELECT count() AS n FROM predictions WHERE toUInt32(substring(prediction_id, 3)) BETWEEN 400 AND 404`;
      await kafka.reach('the good records', mine, 10);
      await waitFor('everything to be committed', async () =>
        (await metric(registry, 'plumbline_kafka_committed_offset')) === 25 ? true : undefined,
      );
      await collector.stop();
      expect(await kafka.count(mine)).toBe(10);
      const dead = await kafka.rows(
        z.object({ offset: z.number(), reason: z.string(), line: z.string() }),
        `SELECT offset, reason, line FROM kafka_dead_letters WHERE topic = '${topic}' ORDER BY offset`,
      );
      expect(dead).toEqual(
        codecs.map((codec, index) => ({
          offset: 5 * index + 2,
          reason: expect.stringMatching(
            new RegExp(
              `^records ${5 * index + 2} to ${5 * index + 4} cannot be read: its ${codec === 'None' ? 'records' : codec.toLowerCase()}.* damaged`,
            ),
          ),
          line: expect.stringMatching(/^(?:7u7u)+/),
        })),
      );
    },
  );

  test('waits for topics that are not there yet', async () => {
    const { collector, registry } = kafka.collector({ predictions: 'later' });
    await collector.start();
    await kafka.broker.createTopic('later', 1);
    await kafka.producer.send('later', 0, [line(100), line(101)]);
    const mine = `SELECT count() AS n FROM predictions WHERE prediction_id IN ('p-100', 'p-101')`;
    await kafka.reach('the records', mine, 2);
    await collector.stop();
    expect(await kafka.count(mine)).toBe(2);
    expect(await metric(registry, 'plumbline_kafka_messages_total')).toBe(2);
  });

  test('begins without a broker in reach, and can be stopped then', async () => {
    const { collector, registry } = kafka.collector({ predictions: 'x' }, { brokers: ['127.0.0.1:1'] });
    await collector.start();
    await collector.stop();
    expect(await metric(registry, 'plumbline_kafka_messages_total')).toBe(0);
  });

  function produce(topic: string, codec: string, from: number, count: number): void {
    const input = Array.from(
      { length: count },
      (_, index) => `{"prediction_id":"rd-${from + index}","label":1,"ts":1777632000000}`,
    ).join('\n');
    const settings = {
      'compression.codec': codec,
      'linger.ms': count > 100 ? '1000' : '5',
      'batch.num.messages': '1000000',
      'batch.size': '19000000',
      'message.max.bytes': '19000000',
      'queue.buffering.max.messages': '1000000',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-X', `${name}=${value}`]);
    const result = spawnSync(
      kcat ?? '',
      ['-b', kafka.broker.brokers.join(','), '-P', '-t', topic, '-p', '0', ...options],
      { input },
    );
    expect(result.status, result.stderr.toString()).toBe(0);
  }
});

function line(number: number): string {
  return predictionLine(`p-${number}`);
}

function event(number: number, mode: 'binary' | 'structured' | 'batch') {
  const attributes = { specversion: '1.0', id: String(number), source: '/test', type: 'prediction' };
  if (mode === 'binary') {
    const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]));
    return { value: line(number), headers: { ...headers, 'content-type': 'application/json' } };
  }
  const whole: unknown = { ...attributes, datacontenttype: 'application/json', data: JSON.parse(line(number)) };
  return mode === 'structured'
    ? { value: JSON.stringify(whole), headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' } }
    : { value: JSON.stringify([whole]), headers: { 'content-type': 'application/cloudevents-batch+json' } };
}
