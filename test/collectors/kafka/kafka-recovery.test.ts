import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { Store } from '../../../src/store/store.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { predictionLine } from '../../support/client.ts';
import { kafkaClient, requireKafka } from '../../support/kafka-broker.ts';
import { KafkaTraffic, TestProducer } from '../../support/kafka-records.ts';
import { waitFor } from '../../support/processes.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { KafkaFixture, metric } from './fixture.ts';

const source = requireKafka();
const RESTARTS = 'plumbline_kafka_consumer_restarts_total';
const silent = pino({ level: 'silent' });

describe.skipIf(source === undefined || 'brokers' in source)('a Kafka consumer that breaks', () => {
  let kafka: KafkaFixture;
  let proxy: TcpProxy;
  beforeAll(async () => {
    if (source === undefined) return;
    proxy = await TcpProxy.start();
    kafka = await KafkaFixture.start(source, {
      listeners: [{ name: 'PROXIED', protocol: 'PLAINTEXT', advertisedPort: proxy.port }],
    });
    proxy.target = kafka.broker.port('PROXIED');
  });
  afterAll(async () => {
    await kafka?.stop();
    await proxy?.stop();
  });

  // Each time the group must first miss the one that broke: some six seconds, and more on a busy machine.
  const PATIENCE_MS = 200_000;
  test('is made anew when its handler throws what kafkajs never forgives, and loses and doubles nothing', {
    timeout: PATIENCE_MS + 100_000,
  }, async () => {
    const topic = 'broken';
    await kafka.broker.createTopic(topic, 2);
    const traffic = await KafkaTraffic.start(kafka.broker.brokers, { topic, partitions: 2 });
    const faults = [new TypeError('a'), new RangeError('b')];
    // A block that is in the database but not acknowledged is tried again; the logger breaks in the middle of that.
    const store = new ForgetfulStore(kafka, 2 * faults.length);
    const logger = pino({
      level: 'info',
      hooks: {
        logMethod([fields]) {
          const fault = isRetry(fields) ? faults.shift() : undefined;
          if (fault !== undefined) throw fault;
        },
      },
    });
    const { collector, registry } = kafka.collector({ predictions: topic }, {}, { store, logger });
    await collector.start();
    await waitFor(
      'two broken consumers',
      async () => ((await metric(registry, RESTARTS)) >= 2 ? true : undefined),
      PATIENCE_MS,
    );
    const sent = traffic.acknowledged;
    await waitFor('more records', () => (traffic.acknowledged > sent ? true : undefined));
    await traffic.end();
    await wholly(topic, traffic.acknowledged);
    await collector.stop();
    await store.close();
    await wholly(topic, traffic.acknowledged);
    expect(faults).toEqual([]);
    // A busy machine may have the group lose us once more.
    expect(await metric(registry, RESTARTS)).toBeGreaterThanOrEqual(2);
    expect(await metric(registry, 'plumbline_kafka_failures_total')).toBeGreaterThanOrEqual(2);
    expect(await metric(registry, 'plumbline_kafka_recovered_blocks_total')).toBeGreaterThan(0);
  });

  test('is made anew when nothing comes back from the brokers, and goes on once they answer', async () => {
    const topic = 'mute';
    await kafka.broker.createTopic(topic, 2);
    const traffic = await KafkaTraffic.start(kafka.broker.brokers, { topic, partitions: 2 });
    const { collector, registry } = kafka.collector(
      { predictions: topic },
      { brokers: [`127.0.0.1:${proxy.port}`], silence_timeout: '3s', request_timeout: '2s' },
    );
    await collector.start();
    const blocks = () => metric(registry, 'plumbline_kafka_blocks_total');
    await waitFor('blocks', async () => ((await blocks()) > 3 ? true : undefined));
    proxy.mute();
    await waitFor('a try in the silence', async () =>
      (await metric(registry, 'plumbline_kafka_failures_total')) >= 2 ? true : undefined,
    );
    expect(await metric(registry, RESTARTS)).toBeGreaterThanOrEqual(1);
    proxy.heal();
    const before = await blocks();
    await waitFor('more blocks', async () => ((await blocks()) > before ? true : undefined));
    await traffic.end();
    await wholly(topic, traffic.acknowledged);
    await collector.stop();
    await wholly(topic, traffic.acknowledged);
  });

  test('can be stopped while nothing comes back from the brokers', async () => {
    await kafka.broker.createTopic('stuck', 1);
    const config = { brokers: [`127.0.0.1:${proxy.port}`] };
    const { collector, registry } = kafka.collector({ predictions: 'stuck' }, config);
    proxy.mute();
    await collector.start();
    await collector.stop();
    proxy.heal();
    expect(await metric(registry, 'plumbline_kafka_messages_total')).toBe(0);
  });

  test('that begins at the end of a topic writes that down at once, and reads from there after a restart', async () => {
    const topic = 'latest';
    await kafka.broker.createTopic(topic, 2);
    await kafka.producer.send(topic, 0, lines('too-early', 7));
    const first = kafka.collector({ predictions: topic }, { from: 'latest' });
    await first.collector.start();
    const admin = kafkaClient(kafka.broker.brokers).admin();
    await admin.connect();
    const committed = async (): Promise<string[] | undefined> => {
      try {
        const [group] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
        const offsets = group?.partitions.map(({ offset }) => offset) ?? [];
        return offsets.every((offset) => offset !== '-1') ? offsets.sort() : undefined;
      } catch {
        return undefined; // the first group of a broker has no coordinator for a moment
      }
    };
    expect(await waitFor('the start to be committed', committed)).toEqual(['0', '7']);
    await first.collector.stop();
    await kafka.producer.send(topic, 0, lines('latest-a', 5));
    await kafka.producer.send(topic, 1, lines('latest-b', 5));
    // Partitions that are added were not there when the topic was begun: nothing in them is too early.
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await waitFor('the third partition', async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.length === 3 ? true : undefined;
    });
    // The old producer does not know it.
    const producer = await TestProducer.connect(kafka.broker.brokers);
    await producer.send(topic, 2, lines('latest-c', 5));
    await producer.disconnect();
    const second = kafka.collector({ predictions: topic }, { from: 'latest' });
    await second.collector.start();
    await wholly('latest', 15);
    await second.collector.stop();
    await admin.disconnect();
    await wholly('latest', 15);
    expect(await kafka.count(`SELECT count() AS n FROM predictions WHERE prediction_id LIKE 'too-early-%'`)).toBe(0);
  });

  /** Resolves when every record is stored; fails when one is stored twice. */
  async function wholly(name: string, records: number): Promise<void> {
    const mine = `FROM predictions WHERE prediction_id LIKE '${name}-%'`;
    await kafka.reach(`all of ${name}`, `SELECT uniqExact(prediction_id) AS n ${mine}`, records);
    expect(await kafka.count(`SELECT count() - uniqExact(prediction_id) AS n ${mine}`)).toBe(0);
  }
});

/** Stores everything and says of every other block, for some time, that it did not. */
class ForgetfulStore extends Store {
  #left: number;
  #calls = 0;

  constructor(kafka: KafkaFixture, left: number) {
    const endpoint = () => kafka.db.engine.endpoint;
    super({ endpoint, database: 'plumbline', logger: silent, telemetry: new Telemetry(new Registry()) });
    this.#left = left;
  }

  override async insertRaw(...args: Parameters<Store['insertRaw']>): Promise<void> {
    await super.insertRaw(...args);
    this.#calls += 1;
    if (this.#calls % 2 === 0 || this.#left === 0) return;
    this.#left -= 1;
    throw new AppError('E_TEST', 'Nobody knows what became of it.', { retryable: true });
  }
}

function isRetry(fields: unknown): boolean {
  return typeof fields === 'object' && fields !== null && 'event' in fields && fields.event === 'kafka_block_retry';
}

function lines(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => predictionLine(`${name}-${index}`));
}
