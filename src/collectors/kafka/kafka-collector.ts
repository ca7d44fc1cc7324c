import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { AppError, describeError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import { BlockWriter } from '../../store/ingest/block-writer.ts';
import { RECORD_KINDS, type RecordKind } from '../../store/ingest/unit.ts';
import type { Store } from '../../store/store.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Collector } from '../collector.ts';
import type { KafkaConfig } from './config.ts';
import { type WatchEnd, watchConsumer } from './consumer-watch.ts';
import { type FaultReason, faultReason } from './fault-reason.ts';
import { KafkaMetrics } from './kafka-metrics.ts';
import { createClient } from './kafkajs/client.ts';
import { registerCodecs } from './kafkajs/codecs.ts';
import { startKafkaJsConsumer } from './kafkajs/kafkajs-consumer.ts';
import { existingTopics } from './kafkajs/topics.ts';
import type { LogConsumer } from './log-consumer.ts';
import { RangeIntake, type StoredBlock } from './range-intake.ts';
import { withTimeLimit } from './time-limit.ts';

export interface KafkaCollectorOptions {
  readonly config: KafkaConfig;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly health: CollectorHealth | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

const FOREVER = { attempts: Number.MAX_SAFE_INTEGER, baseMs: 500, capMs: 15_000 } as const;
const GRACE_MS = 10_000;
const NAME = 'kafka';

/** What only an operator can mend. */
const OPERATORS: Readonly<Partial<Record<FaultReason, string>>> = {
  authentication: 'The brokers of Kafka refuse who collectors.kafka.sasl says we are, or there is no token for them.',
  authorization: 'The brokers of Kafka do not allow us to read a topic or to use the consumer group.',
};

/**
 * Reads topics of Kafka into the store, each record exactly once. Brokers and topics that are not there yet are
 * waited for; a consumer that fails or falls silent is thrown away and made anew.
 */
export class KafkaCollector implements Collector {
  readonly name = NAME;
  readonly #options: KafkaCollectorOptions;
  readonly #client: Kafka;
  readonly #kinds: ReadonlyMap<string, RecordKind>;
  readonly #metrics: KafkaMetrics;
  readonly #writer: BlockWriter;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  /** @throws ConfigError when a certificate cannot be read */
  constructor(options: KafkaCollectorOptions) {
    const { config, logger } = options;
    this.#options = options;
    registerCodecs(config.max_inflated_bytes);
    this.#client = createClient(config, logger, () => options.clock.now());
    this.#kinds = new Map(RECORD_KINDS.flatMap((kind) => config.topics[kind].map((topic) => [topic, kind] as const)));
    this.#metrics = new KafkaMetrics(options.telemetry);
    this.#writer = new BlockWriter({
      ...options,
      onRetry: ({ topic, partition }, error) =>
        logger.warn({ event: 'kafka_block_retry', topic, partition, err: error }, 'A block is sent again.'),
    });
  }

  async start(): Promise<void> {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Returns why no more work should be sent here; undefined while the lag is within its limit. */
  overLimit(): string | undefined {
    const { lag_limit: limit } = this.#options.config;
    const lag = this.#metrics.totalLag;
    if (limit === undefined || lag <= limit) return undefined;
    return `Kafka is ${lag} records behind; the limit is ${limit}.`;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await retry({
        action: () => this.#session(),
        policy: FOREVER,
        clock,
        random,
        signal,
        onRetry: (error, attempt, waitMs) => this.#note(error, { attempt, waitMs: Math.round(waitMs) }),
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /**
   * Reads with one consumer. Returns when it should be made anew at once or we stop.
   *
   * @throws E_KAFKA, retryable, when it could not begin or broke
   */
  async #session(): Promise<void> {
    const { config, clock } = this.#options;
    let consumer: LogConsumer | undefined;
    try {
      const topics = await this.#existing([...this.#kinds.keys()]);
      if (topics.missing.length > 0) this.#warnMissing(topics.missing);
      if (topics.present.length === 0) throw new AppError('E_KAFKA_TOPICS', 'None of the topics exists.');
      if (this.#stopping.signal.aborted) return;
      consumer = await this.#consume(topics.present);
      const sinceMs = clock.now();
      const end = await this.#watch(consumer, topics.missing);
      if (end.reason !== 'stopped') this.#metrics.restarted(end.reason);
      if (!('error' in end)) return;
      if (clock.now() - sinceMs <= 2 * config.silence_timeout) throw end.error;
      // It was well for long: no reason to wait.
      this.#note(end.error, { attempt: 0, waitMs: 0 });
    } catch (error) {
      throw new AppError('E_KAFKA', 'Kafka cannot be read', { retryable: true, cause: error });
    } finally {
      await consumer?.stop(GRACE_MS);
    }
  }

  /** Logs, once a try, and counts that Kafka cannot be read. */
  #note(error: unknown, tried: { readonly attempt: number; readonly waitMs: number }): void {
    const { health, logger } = this.#options;
    if (this.#stopping.signal.aborted) return;
    const reason = faultReason(error);
    this.#metrics.failed(reason);
    health?.failed(NAME, describeError(error));
    const fields = { event: 'kafka_consumer_failed', reason, ...tried, err: error };
    const operators = OPERATORS[reason];
    if (operators === undefined) logger.warn(fields, 'The Kafka consumer failed and is made anew.');
    else logger.error(fields, operators);
  }

  #consume(topics: readonly string[]): Promise<LogConsumer> {
    const { config, clock, logger } = this.#options;
    const intake = new RangeIntake({
      group: config.group_id,
      kindOf: (topic) => this.#kinds.get(topic) ?? 'predictions',
      maxRows: config.max_block_rows,
      maxBytes: config.max_block_bytes,
      writer: this.#writer,
      clock,
      logger,
      onStored: (block) => {
        this.#metrics.stored(block);
        this.#warnUnreadable(block);
      },
      onReset: (topic) => this.#metrics.reset(topic),
    });
    return startKafkaJsConsumer({
      client: this.#client,
      config,
      topics,
      take: (partition, batch) => intake.take(partition, batch),
      clock,
      signal: this.#stopping.signal,
      events: {
        onAssigned: (partitions) => {
          this.#metrics.assigned(partitions);
          const fields = { event: 'kafka_assigned', partitions: partitions.length };
          logger.info(fields, 'Partitions of Kafka were given to us.');
        },
        onRebalance: () => this.#metrics.rebalanced(),
      },
    });
  }

  #watch(consumer: LogConsumer, missing: readonly string[]): Promise<WatchEnd> {
    const { config, clock, health } = this.#options;
    return watchConsumer({
      consumer,
      silenceMs: config.silence_timeout,
      look: async () => {
        this.#metrics.lag(await consumer.lag());
        return missing.length > 0 && (await this.#existing(missing)).present.length > 0;
      },
      onLook: (fault) => {
        if (fault === undefined) health?.succeeded(NAME);
        else health?.failed(NAME, describeError(fault));
      },
      clock,
      signal: this.#stopping.signal,
    });
  }

  #existing(topics: readonly string[]): ReturnType<typeof existingTopics> {
    const { config, clock } = this.#options;
    return withTimeLimit(existingTopics(this.#client, topics), {
      what: 'name its topics',
      ms: 2 * config.request_timeout,
      clock,
      signal: this.#stopping.signal,
    });
  }

  #warnUnreadable({ topic, partition, unreadable }: StoredBlock): void {
    const [first] = unreadable;
    if (first === undefined) return;
    const fields = { event: 'kafka_batch_unreadable', topic, partition, batches: unreadable.length, ...first };
    this.#options.logger.warn(fields, 'Batches of records cannot be read and are kept as dead letters.');
  }

  #warnMissing(topics: readonly string[]): void {
    const fields = { event: 'kafka_topics_missing', topics };
    this.#options.logger.warn(fields, 'Topics of the configuration do not exist; they are looked for again.');
  }
}
