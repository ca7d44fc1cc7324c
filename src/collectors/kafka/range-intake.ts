import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import type { BlockOutcome, LogBlock } from '../../store/ingest/block-writer.ts';
import type { RecordKind } from '../../store/ingest/unit.ts';
import { BlockBuilder, type UnreadableRecords } from './block-builder.ts';
import { formatRange, parseRange, rangeToken } from './declared-range.ts';
import { type LogBatch, type OwnedPartition, PartitionLostError } from './log-consumer.ts';

/** A block that was stored and written down as such. */
export interface StoredBlock extends BlockOutcome {
  readonly topic: string;
  readonly partition: number;
  readonly messages: number;
  /** Batches that could not be read, with their records. */
  readonly unreadable: readonly UnreadableRecords[];
  /** Everything before it is stored. */
  readonly next: number;
  readonly lag: number;
  /** Time of its newest message, in milliseconds since 1970. */
  readonly newestMs: number;
  /** Somebody had declared it before and may have stored it. */
  readonly recovered: boolean;
}

export interface RangeIntakeOptions {
  readonly group: string;
  readonly kindOf: (topic: string) => RecordKind;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly writer: { store(block: LogBlock, signal: AbortSignal): Promise<BlockOutcome> };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onStored: (block: StoredBlock) => void;
  readonly onReset: (topic: string, partition: number) => void;
}

interface Position {
  readonly epoch: number;
  readonly life: string;
  /** Everything before it is stored. */
  readonly next: number;
  /** Everything before it is in hand. */
  readonly reached: number;
  /** What somebody declared from `next` on, with the records gathered so far. */
  readonly open: OpenBlock | undefined;
}

interface OpenBlock {
  readonly end: number;
  readonly rows: number;
  readonly atMs: number;
  readonly builder: BlockBuilder;
}

/**
 * Moves the records of partitions into the store, each exactly once. Before a block is stored its end is written
 * down with the group's offset, so that whoever comes next stores the very same block under the very same token:
 * blocks tile the log, and the database applies a token once.
 */
export class RangeIntake {
  readonly #options: RangeIntakeOptions;
  readonly #positions = new Map<string, Position>();

  constructor(options: RangeIntakeOptions) {
    this.#options = options;
  }

  /**
   * Stores a batch of a partition in one block or several.
   *
   * @throws PartitionLostError when the partition is lost meanwhile; faults of the broker
   */
  async take(partition: OwnedPartition, batch: LogBatch): Promise<void> {
    const key = `${partition.topic}/${partition.partition}`;
    const known = this.#positions.get(key);
    // Whatever goes wrong from here on, the group's own word counts again afterwards.
    this.#positions.delete(key);
    const found = known?.epoch === partition.epoch ? known : await this.#find(partition, batch);
    const position = this.#follow(partition, batch, found);
    this.#positions.set(key, position === undefined ? found : await this.#store(partition, batch, position));
  }

  async #find(partition: OwnedPartition, batch: LogBatch): Promise<Position> {
    const committed = await partition.committed();
    const range = parseRange(committed);
    const next = committed.offset ?? batch.position;
    const position = { epoch: partition.epoch, next, reached: next, open: undefined };
    if (range === undefined) return { ...position, life: this.#newLife() };
    const { life, declared } = range;
    if (declared === undefined) return { ...position, life };
    const { end, rows, atMs } = declared;
    return { ...position, life, open: { end, rows, atMs, builder: new BlockBuilder(next) } };
  }

  /** Returns the position that the batch goes on from; undefined, and has it fetched again, when it does not fit. */
  #follow(partition: OwnedPartition, batch: LogBatch, position: Position): Position | undefined {
    if (batch.position === position.reached) return position;
    if (!partition.wasReset(batch.position)) {
      partition.rewind(position.reached);
      return undefined;
    }
    const { topic, partition: number } = partition;
    const fields = { topic, partition: number, expected: position.reached, found: batch.position };
    this.#options.onReset(topic, number);
    if (batch.position > position.reached) {
      const message = 'Records of a partition were deleted by the broker before they were read.';
      this.#options.logger.error({ event: 'kafka_records_lost', ...fields }, message);
      return position;
    }
    const message = 'The offsets of a partition began anew; what it holds is read as new records.';
    this.#options.logger.error({ event: 'kafka_offsets_began_anew', ...fields }, message);
    return {
      epoch: position.epoch,
      next: batch.position,
      reached: batch.position,
      life: this.#newLife(),
      open: undefined,
    };
  }

  async #store(partition: OwnedPartition, batch: LogBatch, start: Position): Promise<Position> {
    let position = start;
    let index = 0;
    while (position.open !== undefined || index < batch.records.length) {
      const recovered = position.open !== undefined;
      const open = position.open ?? { ...this.#choose(batch, index, position), atMs: this.#options.clock.now() };
      index = gather(batch, index, open);
      if (batch.next <= open.end) {
        // The rest of what was declared comes with a later fetch.
        partition.advance(batch.next);
        return { ...position, reached: batch.next };
      }
      const block: OpenBlock = recovered ? open : { ...open, rows: open.builder.rows };
      if (!recovered) await this.#commit(partition, position, block);
      const outcome = await this.#write(partition, position, block);
      const next = block.end + 1;
      position = { epoch: position.epoch, life: position.life, next, reached: next, open: undefined };
      await this.#commit(partition, position, undefined);
      partition.advance(next);
      this.#report({ partition, batch, block, outcome, recovered });
      if (partition.mustYield()) break;
    }
    return position;
  }

  /** Returns where the next block ends: within the limits, at the latest with the batch. */
  #choose(batch: LogBatch, from: number, position: Position): Pick<OpenBlock, 'end' | 'rows' | 'builder'> {
    const builder = new BlockBuilder(position.next);
    for (let index = from; index < batch.records.length; index += 1) {
      const record = batch.records[index];
      if (record === undefined) break;
      builder.add(record);
      const isFull = builder.rows >= this.#options.maxRows || builder.bytes >= this.#options.maxBytes;
      if (isFull && index + 1 < batch.records.length) return { end: record.offset, rows: 0, builder };
    }
    return { end: batch.next - 1, rows: 0, builder };
  }

  async #commit(partition: OwnedPartition, position: Position, block: OpenBlock | undefined): Promise<void> {
    const declared = block === undefined ? undefined : { end: block.end, rows: block.rows, atMs: block.atMs };
    await partition.commit({ offset: position.next, metadata: formatRange({ life: position.life, declared }) });
  }

  async #write(partition: OwnedPartition, position: Position, block: OpenBlock): Promise<BlockOutcome> {
    const { builder, end, rows, atMs } = block;
    const { topic, partition: number } = partition;
    const { group, logger, kindOf, writer } = this.#options;
    if (builder.rows !== rows) {
      const fields = { event: 'kafka_block_differs', topic, partition: number, declared: rows, found: builder.rows };
      logger.warn(fields, 'A declared block holds other records than when it was declared.');
    }
    if (builder.rows === 0) return { accepted: 0, rejected: 0 };
    const { life, next: first } = position;
    try {
      return await writer.store(
        {
          kind: kindOf(topic),
          topic,
          partition: number,
          firstOffset: first,
          lastOffset: end,
          token: rangeToken({ group, topic, partition: number, life, first, last: end }),
          declaredMs: atMs,
          lines: builder.lines,
          problems: builder.problems,
        },
        partition.signal,
      );
    } catch (error) {
      if (partition.signal.aborted) throw new PartitionLostError(partition, error);
      throw error;
    }
  }

  #report(stored: {
    readonly partition: OwnedPartition;
    readonly batch: LogBatch;
    readonly block: OpenBlock;
    readonly outcome: BlockOutcome;
    readonly recovered: boolean;
  }): void {
    const { partition, batch, block, outcome, recovered } = stored;
    const next = block.end + 1;
    this.#options.onStored({
      ...outcome,
      topic: partition.topic,
      partition: partition.partition,
      messages: block.builder.messages,
      unreadable: block.builder.unreadable,
      next,
      lag: Math.max(0, batch.highWatermark - next),
      newestMs: block.builder.newestMs,
      recovered,
    });
  }

  #newLife(): string {
    return this.#options.clock.now().toString(36);
  }
}

/** Adds the records up to the end of a block that are not in it yet, and returns the index of the first one behind. */
function gather(batch: LogBatch, from: number, open: OpenBlock): number {
  let index = from;
  for (; index < batch.records.length; index += 1) {
    const record = batch.records[index];
    if (record === undefined || record.offset > open.end) break;
    if (record.offset > open.builder.lastOffset) open.builder.add(record);
  }
  return index;
}
