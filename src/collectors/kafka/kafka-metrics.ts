import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { FaultReason } from './fault-reason.ts';
import type { PartitionLag } from './log-consumer.ts';
import type { StoredBlock } from './range-intake.ts';

const PLACE = ['topic', 'partition'] as const;

/** Shows how the reading of Kafka goes, by topic and partition of ours. */
export class KafkaMetrics {
  readonly #telemetry: Telemetry;
  readonly #lags = new Map<string, number>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  /** Returns the records not read yet, over all our partitions. */
  get totalLag(): number {
    let total = 0;
    for (const lag of this.#lags.values()) total += lag;
    return total;
  }

  /** Forgets the partitions that are no longer ours. */
  assigned(partitions: readonly { readonly topic: string; readonly partition: number }[]): void {
    const ours = new Set(partitions.map(({ topic, partition }) => `${topic}/${partition}`));
    for (const key of [...this.#lags.keys()].filter((each) => !ours.has(each))) {
      const at = key.lastIndexOf('/');
      const labels = { topic: key.slice(0, at), partition: key.slice(at + 1) };
      this.#lags.delete(key);
      for (const gauge of [this.#lag, this.#offset, this.#newest]) gauge.remove(labels);
    }
    this.#telemetry.gauge('plumbline_kafka_partitions', 'Partitions that this process reads.').set(partitions.length);
  }

  stored(block: StoredBlock): void {
    const { topic } = block;
    const place = { topic, partition: String(block.partition) };
    this.#count('blocks', 'Blocks of records stored.', topic, 1);
    this.#count('messages', 'Messages read and stored.', topic, block.messages);
    this.#count('dead_letters', 'Records kept as dead letters.', topic, block.rejected);
    const unreadable = block.unreadable.reduce((sum, each) => sum + each.lastOffset - each.firstOffset + 1, 0);
    this.#count('unreadable_records', 'Records of batches that cannot be decompressed or decoded.', topic, unreadable);
    if (block.recovered) this.#count('recovered_blocks', 'Blocks taken over from an earlier owner or try.', topic, 1);
    this.#show({ topic, partition: block.partition, lag: block.lag, committed: block.next });
    if (block.newestMs > 0) this.#newest.set(place, block.newestMs / 1000);
  }

  /** Notes what a look at the brokers showed. */
  lag(partitions: readonly PartitionLag[]): void {
    this.#telemetry.counter('plumbline_kafka_lag_checks_total', 'Times that the lag was asked for.').inc();
    for (const partition of partitions) this.#show(partition);
  }

  rebalanced(): void {
    this.#telemetry.counter('plumbline_kafka_rebalances_total', 'Times that partitions were given out anew.').inc();
  }

  reset(topic: string): void {
    this.#count(
      'offset_resets',
      'Positions that the broker no longer had: records may be lost or read again.',
      topic,
      1,
    );
  }

  /** Notes that the consumer was thrown away and made anew. */
  restarted(reason: 'crash' | 'silence' | 'topics'): void {
    this.#telemetry
      .counter('plumbline_kafka_consumer_restarts_total', 'Consumers thrown away and made anew.', ['reason'])
      .inc({ reason });
  }

  /** Notes that Kafka cannot be read; another try follows. */
  failed(reason: FaultReason): void {
    this.#telemetry
      .counter('plumbline_kafka_failures_total', 'Times that Kafka could not be read, by what stood between.', [
        'reason',
      ])
      .inc({ reason });
  }

  #show({ topic, partition, lag, committed }: PartitionLag): void {
    const labels = { topic, partition: String(partition) };
    this.#lags.set(`${topic}/${partition}`, lag);
    this.#lag.set(labels, lag);
    if (committed !== undefined) this.#offset.set(labels, committed);
  }

  #count(what: string, help: string, topic: string, by: number): void {
    this.#telemetry.counter(`plumbline_kafka_${what}_total`, help, ['topic']).inc({ topic }, by);
  }

  get #lag() {
    return this.#telemetry.gauge('plumbline_kafka_lag', 'Messages of a partition that are not stored yet.', PLACE);
  }

  get #offset() {
    const help = 'Offset of a partition before which everything is stored.';
    return this.#telemetry.gauge('plumbline_kafka_committed_offset', help, PLACE);
  }

  get #newest() {
    const help = 'Time of the newest stored message of a partition, in seconds since 1970.';
    return this.#telemetry.gauge('plumbline_kafka_watermark_timestamp_seconds', help, PLACE);
  }
}
