import type { Admin, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import type { KafkaConfig } from '../config.ts';
import type {
  Committed,
  ConsumerEvents,
  LogBatch,
  LogConsumer,
  LogRecord,
  OwnedPartition,
  PartitionLag,
} from '../log-consumer.ts';
import { PartitionLostError } from '../log-consumer.ts';
import { withTimeLimit } from '../time-limit.ts';
import { isGroupFault, Membership } from './membership.ts';
import { applyShims, type PositionReset } from './shims.ts';
import { UnreadableBatch } from './unreadable-batch.ts';

export interface KafkaJsConsumerOptions {
  readonly client: Kafka;
  readonly config: KafkaConfig;
  /** Topics that exist. */
  readonly topics: readonly string[];
  readonly take: (partition: OwnedPartition, batch: LogBatch) => Promise<void>;
  readonly events: ConsumerEvents;
  readonly clock: Clock;
  /** Aborts when nobody waits for the consumer any longer. */
  readonly signal: AbortSignal;
}

/**
 * Joins the group with kafkajs and hands every batch to `take`; once it has ended, a new one is made.
 *
 * @throws E_KAFKA_TIMEOUT when the brokers do not answer in time; faults of the brokers; nothing is left open then
 */
export async function startKafkaJsConsumer(options: KafkaJsConsumerOptions): Promise<LogConsumer> {
  const { config, clock, signal } = options;
  const consumer = new KafkaJsConsumer(options);
  const ms = config.rebalance_timeout + 2 * config.request_timeout;
  try {
    await withTimeLimit(consumer.start(), { what: 'let us join the group', ms, clock, signal });
    return consumer;
  } catch (error) {
    await consumer.stop(0);
    throw error;
  }
}

class KafkaJsConsumer implements LogConsumer {
  readonly ended: Promise<unknown>;
  readonly #options: KafkaJsConsumerOptions;
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #resets = new Map<string, number>();
  readonly #shims = applyShims();
  #end: (reason: unknown) => void = () => {};
  #membership: Membership | undefined;
  #epoch = 0;
  #memberId = '';
  #assigned: readonly { readonly topic: string; readonly partition: number }[] = [];
  #inHand = 0;
  #activeMs: number;
  #stopping = false;

  constructor(options: KafkaJsConsumerOptions) {
    const { client, config } = options;
    this.#shims.limits.maxInflatedBytes = config.max_inflated_bytes;
    this.#options = options;
    this.#activeMs = options.clock.now();
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#admin = client.admin();
    this.#consumer = client.consumer({
      groupId: config.group_id,
      sessionTimeout: config.session_timeout,
      rebalanceTimeout: config.rebalance_timeout,
      heartbeatInterval: heartbeatMs(config),
      maxWaitTimeInMs: config.linger,
      minBytes: config.min_fetch_bytes,
      maxBytes: config.max_fetch_bytes,
      maxBytesPerPartition: config.max_partition_fetch_bytes,
      metadataMaxAge: METADATA_AGE_MS,
      allowAutoTopicCreation: false,
      // A consumer that has failed is thrown away: the one made anew has no memory of what went wrong.
      retry: { initialRetryTime: 200, maxRetryTime: 5000, retries: 5, restartOnFailure: async () => false },
    });
  }

  async start(): Promise<void> {
    const { config, topics } = this.#options;
    this.#listen();
    await this.#admin.connect();
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: config.from === 'earliest' });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: config.concurrency,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
    // Given up meanwhile: kafkajs goes on joining after it was told to leave, and would keep partitions nobody reads.
    if (this.#stopping) await Promise.allSettled([this.#consumer.disconnect(), this.#admin.disconnect()]);
  }

  lastActiveMs(): number {
    return this.#inHand > 0 ? this.#options.clock.now() : this.#activeMs;
  }

  async lag(): Promise<readonly PartitionLag[]> {
    const topics = [...new Set(this.#assigned.map(({ topic }) => topic))];
    const lags: PartitionLag[] = [];
    for (const topic of topics) {
      const ends = await this.#admin.fetchTopicOffsets(topic);
      const committed = await this.#committed(topic);
      for (const { partition } of this.#assigned.filter((assigned) => assigned.topic === topic)) {
        const end = ends.find((each) => each.partition === partition);
        const offset = committed.get(partition)?.offset;
        if (end === undefined) continue;
        lags.push({
          topic,
          partition,
          lag: Math.max(0, Number(end.high) - Math.max(Number(end.low), offset ?? 0)),
          committed: offset,
        });
      }
    }
    return lags;
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#shims.resets.off('reset', this.#onReset);
    const { clock } = this.#options;
    const over = new AbortController();
    // What waits for a database that is away is left to the next owner.
    void clock.sleep(graceMs, over.signal).then(() => {
      if (!over.signal.aborted) this.#membership?.lose(new AppError('E_KAFKA_STOP', 'The collector stops.'));
    });
    const left = Promise.allSettled([this.#consumer.disconnect(), this.#admin.disconnect()]);
    await Promise.race([left, clock.sleep(graceMs + LEAVE_MS, over.signal)]);
    this.#membership?.lose(undefined);
    over.abort();
    this.#end(undefined);
  }

  #listen(): void {
    const { events } = this.#consumer;
    const { events: ours, clock, config } = this.#options;
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#membership?.lose(undefined);
      this.#membership = new Membership({ handOverMs: config.rebalance_timeout / 2, clock });
      this.#epoch += 1;
      this.#memberId = payload.memberId;
      this.#activeMs = clock.now();
      this.#assigned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      ours.onAssigned(this.#assigned);
    });
    this.#consumer.on(events.REBALANCING, () => {
      this.#membership?.lose(undefined);
      ours.onRebalance();
    });
    this.#consumer.on(events.FETCH, () => {
      this.#activeMs = clock.now();
    });
    this.#consumer.on(events.CRASH, ({ payload }) => {
      this.#membership?.lose(payload.error);
      this.#end(payload.error);
    });
    this.#shims.resets.on('reset', this.#onReset);
  }

  readonly #onReset = ({ memberId, topic, partition, offset }: PositionReset): void => {
    if (memberId === this.#memberId) this.#resets.set(`${topic}/${partition}`, offset);
  };

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined || !payload.isRunning() || payload.isStale()) return;
    const { batch } = payload;
    const beat = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => membership.noteHeartbeat(error));
    }, heartbeatMs(this.#options.config));
    this.#inHand += 1;
    try {
      await this.#options.take(this.#own(payload, membership), {
        position: 'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number(batch.firstOffset()),
        next: Number(batch.lastOffset()) + 1,
        highWatermark: Number(batch.highWatermark),
        records: batch.messages.map(recordOf),
      });
    } catch (error) {
      if (!(error instanceof PartitionLostError)) throw Object.assign(toError(error), { retriable: false });
    } finally {
      clearInterval(beat);
      this.#inHand -= 1;
    }
    // Has the runner end its other handlers and join again.
    if (membership.mustLeave && !this.#stopping) throw membership.fault();
  }

  #own(payload: EachBatchPayload, membership: Membership): OwnedPartition {
    const { topic, partition } = payload.batch;
    const epoch = this.#epoch;
    const lost = (cause: unknown): PartitionLostError => new PartitionLostError({ topic, partition }, cause);
    return {
      topic,
      partition,
      epoch,
      signal: membership.signal,
      mustYield: () => membership.mustLeave || !payload.isRunning(),
      wasReset: (position) => this.#resets.get(`${topic}/${partition}`) === position,
      committed: async () => (await this.#committed(topic)).get(partition) ?? { offset: undefined, metadata: '' },
      commit: async ({ offset, metadata }) => {
        if (membership.signal.aborted || epoch !== this.#epoch) throw lost(undefined);
        const partitions = [{ partition, offset: String(offset), metadata }];
        try {
          await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions }] });
        } catch (error) {
          if (!isGroupFault(error)) throw error;
          membership.noteHeartbeat(error);
          throw lost(error);
        }
      },
      advance: (offset) => payload.resolveOffset(String(offset - 1)),
      rewind: (offset) => this.#consumer.seek({ topic, partition, offset: String(offset) }),
    };
  }

  async #committed(topic: string): Promise<ReadonlyMap<number, Committed>> {
    const answer = await this.#admin.fetchOffsets({ groupId: this.#options.config.group_id, topics: [topic] });
    const partitions = answer.find((each) => each.topic === topic)?.partitions ?? [];
    return new Map(
      partitions.map(({ partition, offset, metadata }) => [
        partition,
        { offset: Number(offset) < 0 ? undefined : Number(offset), metadata: metadata ?? '' },
      ]),
    );
  }
}

const NO_HEADERS = {} as const;
const LEAVE_MS = 5000;
const METADATA_AGE_MS = 60_000;

function heartbeatMs(config: KafkaConfig): number {
  return Math.min(3000, Math.max(100, Math.floor(config.session_timeout / 5)));
}

function recordOf(message: KafkaMessage | UnreadableBatch): LogRecord {
  const { offset, timestamp, value, headers } = message;
  return {
    offset: Number(offset),
    timestampMs: Number(timestamp),
    value,
    headers: headers ?? NO_HEADERS,
    ...(message instanceof UnreadableBatch ? { unreadable: message } : {}),
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new AppError('E_INTERNAL', String(error));
}
