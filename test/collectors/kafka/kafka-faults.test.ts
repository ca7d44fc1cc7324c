import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { predictionLine } from '../../support/client.ts';
import { kafkaClient, requireKafka } from '../../support/kafka-broker.ts';
import { KafkaTraffic, TestProducer } from '../../support/kafka-records.ts';
import { waitFor } from '../../support/processes.ts';
import { KafkaFixture, metric } from './fixture.ts';

const source = requireKafka();

describe.skipIf(source === undefined)('the Kafka collector in trouble', () => {
  let kafka: KafkaFixture;
  beforeAll(async () => {
    if (source !== undefined) kafka = await KafkaFixture.start(source);
  });
  afterAll(async () => {
    await kafka?.stop();
  });

  test('stores every record once while members of its group come and go', async () => {
    const topic = 'members';
    await kafka.broker.createTopic(topic, 4);
    const traffic = await KafkaTraffic.start(kafka.broker.brokers, { topic, partitions: 4 });
    const first = kafka.collector({ predictions: topic });
    const second = kafka.collector({ predictions: topic });
    const third = kafka.collector({ predictions: topic });
    await first.collector.start();
    await reads(first.registry);
    await second.collector.start();
    await reads(second.registry);
    await reads(first.registry);
    await first.collector.stop();
    await third.collector.start();
    await reads(third.registry);
    await second.collector.stop();
    await reads(third.registry);
    await traffic.end();
    const mine = `FROM predictions WHERE prediction_id LIKE '${topic}-%'`;
    await kafka.reach('all of it', `SELECT count() AS n ${mine}`, traffic.acknowledged);
    await third.collector.stop();
    expect(await kafka.count(`SELECT count() AS n ${mine}`)).toBe(traffic.acknowledged);
    expect(await kafka.count(`SELECT uniqExact(prediction_id) AS n ${mine}`)).toBe(traffic.acknowledged);
    expect(await metric(first.registry, 'plumbline_kafka_rebalances_total')).toBeGreaterThan(0);
  });

  test('waits with its partitions while the database hangs for longer than a session', async () => {
    await kafka.broker.createTopic('hang', 1);
    const { collector, registry } = kafka.collector({ predictions: 'hang' }, { lag_limit: 100 });
    await collector.start();
    await kafka.producer.send('hang', 0, lines('hang', 0, 10));
    await reads(registry);
    const { pid } = kafka.db.engine;
    if (pid === undefined) throw new Error('The engine has no process.');
    process.kill(pid, 'SIGSTOP');
    await kafka.producer.send('hang', 0, lines('hang', 10, 500));
    // Twice as long as it may be silent: the lag is looked at every five seconds.
    for (let look = 0; look < 2; look += 1) {
      const seen = await metric(registry, 'plumbline_kafka_lag_checks_total');
      await waitFor('a look at the lag', async () =>
        (await metric(registry, 'plumbline_kafka_lag_checks_total')) > seen ? true : undefined,
      );
    }
    expect(collector.overLimit()).toMatch(/^Kafka is \d+ records behind; the limit is 100\.$/);
    try {
      process.kill(pid, 'SIGCONT');
    } catch {} // it may have been replaced meanwhile: then it did not only hang but die
    const mine = `SELECT count() AS n FROM predictions WHERE prediction_id LIKE 'hang-%'`;
    await kafka.reach('the rest', mine, 500);
    expect(await waitFor('the lag to be gone', () => (collector.overLimit() === undefined ? true : undefined))).toBe(
      true,
    );
    await collector.stop();
    expect(await kafka.count(mine)).toBe(500);
    expect(await metric(registry, 'plumbline_kafka_rebalances_total')).toBe(0);
    expect(await metric(registry, 'plumbline_kafka_consumer_restarts_total')).toBe(0);
  });

  test('goes on at the oldest record left, and counts it, when the broker deleted what was not read', async () => {
    await kafka.broker.createTopic('short', 1);
    const first = kafka.collector({ predictions: 'short' });
    await kafka.producer.send('short', 0, lines('short', 0, 10));
    await first.collector.start();
    await reads(first.registry);
    await first.collector.stop();
    await kafka.producer.send('short', 0, lines('short', 10, 30));
    const admin = kafkaClient(kafka.broker.brokers).admin();
    await admin.connect();
    await admin.fetchTopicOffsets('short'); // kafkajs knows a topic only after it was asked about it
    await admin.deleteTopicRecords({ topic: 'short', partitions: [{ partition: 0, offset: '20' }] });
    await admin.disconnect();
    const second = kafka.collector({ predictions: 'short' });
    await second.collector.start();
    const mine = `SELECT count() AS n FROM predictions WHERE prediction_id LIKE 'short-%'`;
    await kafka.reach('what is left', mine, 20);
    await second.collector.stop();
    expect(await kafka.count(mine)).toBe(20);
    expect(await metric(second.registry, 'plumbline_kafka_offset_resets_total')).toBe(1);
  });

  test('stores what a topic holds that was deleted and made anew under the same offsets', async () => {
    const topic = 'anew';
    await kafka.broker.createTopic(topic, 1);
    const { collector } = kafka.collector({ predictions: topic });
    await kafka.producer.send(topic, 0, lines('old', 0, 10));
    await collector.start();
    await kafka.reach('the old ones', `SELECT count() AS n FROM predictions WHERE prediction_id LIKE 'old-%'`, 10);
    const admin = kafkaClient(kafka.broker.brokers).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await waitFor('the topic to go', async () => ((await admin.listTopics()).includes(topic) ? undefined : true));
    await admin.disconnect();
    await kafka.broker.createTopic(topic, 1);
    // The old producer goes on counting where the old topic ended.
    const producer = await TestProducer.connect(kafka.broker.brokers);
    await producer.send(topic, 0, lines('new', 0, 10));
    await producer.disconnect();
    await kafka.reach('the new ones', `SELECT count() AS n FROM predictions WHERE prediction_id LIKE 'new-%'`, 10);
    await collector.stop();
    expect(await kafka.count(`SELECT count() AS n FROM predictions WHERE prediction_id LIKE 'old-%'`)).toBe(10);
  });

  async function reads(registry: Parameters<typeof metric>[0]): Promise<void> {
    const before = await metric(registry, 'plumbline_kafka_blocks_total');
    await waitFor(
      'a collector to read',
      async () => ((await metric(registry, 'plumbline_kafka_blocks_total')) > before ? true : undefined),
      90_000,
    );
  }
});

function lines(name: string, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => predictionLine(`${name}-${from + index}`));
}
