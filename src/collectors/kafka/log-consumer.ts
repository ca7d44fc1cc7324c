import { AppError } from '../../core/errors.ts';

/** One message of a partition. */
export interface LogRecord {
  readonly offset: number;
  /** Milliseconds since 1970, as the producer or the broker wrote it. */
  readonly timestampMs: number;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Set when this stands for a whole batch that cannot be read, of which it is the last record. */
  readonly unreadable?: UnreadableRange;
}

/** Records that lie in one compressed or damaged batch, from here to the record that stands for them. */
export interface UnreadableRange {
  readonly firstOffset: number;
  /** The end of a sentence. */
  readonly reason: string;
  /** The beginning of the batch as the broker holds it. */
  readonly head: Buffer;
}

/** What one fetch brought of one partition, in order; offsets may have gaps. */
export interface LogBatch {
  readonly records: readonly LogRecord[];
  /** The offset that was asked for. */
  readonly position: number;
  /** The position behind the batch. */
  readonly next: number;
  /** End of the partition when the batch was fetched. */
  readonly highWatermark: number;
}

/** What the group has written down for a partition. */
export interface Committed {
  /** Undefined when the group has never read the partition. */
  readonly offset: number | undefined;
  readonly metadata: string;
}

/** A partition as long as it is ours: from one assignment to the next. */
export interface OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Another number after every assignment. */
  readonly epoch: number;
  /** Aborts when the partition is lost or waiting must end. */
  readonly signal: AbortSignal;
  /** True when the work in hand should be ended: the group rebalances or we stop. */
  mustYield(): boolean;
  /** True when the broker had dropped our position and reading goes on at the oldest record left. */
  wasReset(position: number): boolean;
  committed(): Promise<Committed>;
  /**
   * Writes down a position.
   *
   * @throws PartitionLostError when it is ours no longer
   */
  commit(committed: { readonly offset: number; readonly metadata: string }): Promise<void>;
  /** Sets where the next fetch begins. */
  advance(offset: number): void;
  /** Has the partition fetched again from an offset. */
  rewind(offset: number): void;
}

/** The partition belongs to somebody else, or soon will: what was in hand is left to its next owner. */
export class PartitionLostError extends AppError {
  constructor(partition: Pick<OwnedPartition, 'topic' | 'partition'>, cause: unknown) {
    super('E_KAFKA_LOST', `Partition ${partition.topic}/${partition.partition} is no longer ours.`, { cause });
  }
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly lag: number;
  /** Everything before it is stored. */
  readonly committed: number | undefined;
}

export interface ConsumerEvents {
  onAssigned(partitions: readonly { readonly topic: string; readonly partition: number }[]): void;
  onRebalance(): void;
}

/** A running member of a consumer group. */
export interface LogConsumer {
  /** Resolves with the reason when it ends by itself; undefined after `stop`. */
  readonly ended: Promise<unknown>;
  /** Milliseconds since 1970 of the last sign of life: a fetch was answered or a batch is in hand. */
  lastActiveMs(): number;
  lag(): Promise<readonly PartitionLag[]>;
  /** Ends the batches in hand, leaves the group and closes the connections; gives up after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}
