import kafkajs, { type Message, type Producer } from 'kafkajs';
import { registerCodecs } from '../../src/collectors/kafka/kafkajs/codecs.ts';
import { predictionLine } from './client.ts';
import { kafkaClient } from './kafka-broker.ts';
import { waitFor } from './processes.ts';

const PER_SEND = 1000;

/** Sends messages to one partition in order, in batches small enough for kafkajs to encode in time. */
export class TestProducer {
  readonly #producer: Producer;

  private constructor(producer: Producer) {
    this.#producer = producer;
  }

  /** Connects; with `tries: 1` what fails is not sent again, so that nothing can be in the log twice. */
  static async connect(
    brokers: readonly string[],
    options: { readonly tries?: 1 | 'until it is there' } = {},
  ): Promise<TestProducer> {
    registerCodecs(256 * 1024 * 1024);
    const once = options.tries === 1;
    const producer = kafkaClient(brokers).producer({
      allowAutoTopicCreation: false,
      idempotent: !once,
      maxInFlightRequests: 1,
      ...(once ? { retry: { retries: 0 } } : {}),
    });
    await producer.connect();
    return new TestProducer(producer);
  }

  async send(
    topic: string,
    partition: number,
    messages: readonly (string | Buffer | null | Message)[],
    codec: keyof typeof kafkajs.CompressionTypes = 'LZ4',
  ): Promise<void> {
    for (let from = 0; from < messages.length; from += PER_SEND) {
      await this.#producer.send({
        topic,
        acks: -1,
        compression: kafkajs.CompressionTypes[codec],
        messages: messages.slice(from, from + PER_SEND).map((each) => {
          const message = typeof each === 'string' || each === null || Buffer.isBuffer(each) ? { value: each } : each;
          return { ...message, partition };
        }),
      });
    }
  }

  async disconnect(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/** Sends some fifteen hundred predictions a second to all partitions until told to end; a batch that fails is not sent again. */
export class KafkaTraffic {
  acknowledged = 0;
  failures = 0;
  readonly #brokers: readonly string[];
  readonly #topic: { readonly topic: string; readonly partitions: number };
  readonly #running: Promise<void>;
  #producer: TestProducer;
  #ending = false;

  private constructor(
    brokers: readonly string[],
    topic: { readonly topic: string; readonly partitions: number },
    producer: TestProducer,
  ) {
    this.#brokers = brokers;
    this.#topic = topic;
    this.#producer = producer;
    this.#running = this.#send();
  }

  static async start(
    brokers: readonly string[],
    topic: { readonly topic: string; readonly partitions: number },
  ): Promise<KafkaTraffic> {
    return new KafkaTraffic(brokers, topic, await TestProducer.connect(brokers, { tries: 1 }));
  }

  async end(): Promise<void> {
    this.#ending = true;
    await this.#running;
    await this.#producer.disconnect();
  }

  async #send(): Promise<void> {
    const { topic, partitions } = this.#topic;
    for (let batch = 0; !this.#ending; batch += 1) {
      const lines = Array.from({ length: BATCH }, (_, line) => predictionLine(`${topic}-${batch}-${line}`));
      try {
        await this.#producer.send(topic, batch % partitions, lines);
        this.acknowledged += BATCH;
      } catch {
        this.failures += 1; // the broker is away; what became of the batch is read from the log
        await this.#reconnect();
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** A producer that lost its broker may keep what it knew of it: another one asks anew. */
  async #reconnect(): Promise<void> {
    await this.#producer.disconnect();
    this.#producer = await waitFor('the broker to take a producer', async () => {
      try {
        return await TestProducer.connect(this.#brokers, { tries: 1 });
      } catch {
        return undefined; // still away
      }
    });
  }
}

const BATCH = 100;
const PAUSE_MS = 60;
