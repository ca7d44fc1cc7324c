import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { kafkaConfigSchema } from '../../../src/collectors/kafka/config.ts';
import { KafkaCollector, type KafkaCollectorOptions } from '../../../src/collectors/kafka/kafka-collector.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import {
  type KafkaBroker,
  type KafkaBrokerOptions,
  type KafkaSource,
  startKafkaBroker,
} from '../../support/kafka-broker.ts';
import { TestProducer } from '../../support/kafka-records.ts';
import { waitFor } from '../../support/processes.ts';

type Topics = Readonly<Record<string, string | readonly string[]>>;

/** A real broker, a real engine and a producer; the collectors between them are made by the tests. */
export class KafkaFixture {
  readonly broker: KafkaBroker;
  readonly db: TestStore;
  readonly producer: TestProducer;

  private constructor(broker: KafkaBroker, db: TestStore, producer: TestProducer) {
    this.broker = broker;
    this.db = db;
    this.producer = producer;
  }

  static async start(source: KafkaSource, options: KafkaBrokerOptions = {}): Promise<KafkaFixture> {
    const [broker, db] = await Promise.all([startKafkaBroker(source, options), startTestStore()]);
    return new KafkaFixture(broker, db, await TestProducer.connect(broker.brokers));
  }

  /** Makes a collector of some topics; the group is named after them. */
  collector(
    topics: Topics,
    more: Readonly<Record<string, unknown>> = {},
    parts: Partial<Pick<KafkaCollectorOptions, 'store' | 'logger'>> = {},
  ): { readonly collector: KafkaCollector; readonly registry: Registry } {
    const registry = new Registry();
    const collector = new KafkaCollector({
      config: kafkaConfigSchema.parse({
        brokers: [...this.broker.brokers],
        topics,
        linger: '100ms',
        group_id: Object.values(topics).flat().join('-'),
        session_timeout: '6s',
        rebalance_timeout: '10s',
        ...more,
      }),
      store: this.db.store,
      telemetry: new Telemetry(registry),
      health: undefined,
      logger: pino({ level: process.env['PLUMBLINE_TEST_LOG'] ?? 'silent' }),
      clock: systemClock,
      random: Math.random,
      ...parts,
    });
    return { collector, registry };
  }

  async rows<T>(row: z.ZodType<T>, sql: string): Promise<readonly T[]> {
    return z.array(row).parse(await this.db.store.rows({ name: 'test', sql }));
  }

  async count(sql: string): Promise<number> {
    const [row] = await this.rows(z.object({ n: z.number() }), sql);
    return row?.n ?? 0;
  }

  /** Resolves when a count has reached a number; more than that is for the test to find. */
  async reach(what: string, sql: string, wanted: number): Promise<void> {
    await waitFor(what, async () => ((await this.count(sql)) >= wanted ? true : undefined), 90_000);
  }

  async stop(): Promise<void> {
    await this.producer.disconnect();
    await Promise.all([this.broker.stop(), this.db.stop()]);
  }
}

/** Returns a metric summed over its labels; 0 when it does not exist. */
export async function metric(registry: Registry, name: string): Promise<number> {
  const found = await registry.getSingleMetric(name)?.get();
  return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}
