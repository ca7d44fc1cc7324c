import type { BlockLine, BlockProblem } from '../../store/ingest/block-writer.ts';
import type { LogRecord, UnreadableRange } from './log-consumer.ts';
import { cutMessage, type MessageSink } from './message-lines.ts';

/** Line numbers are 32 bits wide. */
const LAST_LINE_NUMBER = 0xffff_ffff;

/** Records of one batch that could not be read. */
export interface UnreadableRecords {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly reason: string;
}

/** Gathers the records of one block of a partition; refers to the messages' bytes and does not copy them. */
export class BlockBuilder implements MessageSink {
  readonly firstOffset: number;
  readonly lines: BlockLine[] = [];
  readonly problems: BlockProblem[] = [];
  readonly #unreadable: UnreadableRecords[] = [];
  #bytes = 0;
  #lineNumber = 0;
  #newestMs = 0;
  #messages = 0;
  #lastOffset: number;

  constructor(firstOffset: number) {
    this.firstOffset = firstOffset;
    this.#lastOffset = firstOffset - 1;
  }

  /** Offset of the last message added; the one before the first offset when there is none. */
  get lastOffset(): number {
    return this.#lastOffset;
  }

  get messages(): number {
    return this.#messages;
  }

  get rows(): number {
    return this.lines.length + this.problems.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Time of the newest message, in milliseconds since 1970; 0 when there is none. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** What could not be read, in order. */
  get unreadable(): readonly UnreadableRecords[] {
    return this.#unreadable;
  }

  add(record: LogRecord): void {
    this.#lastOffset = record.offset;
    if (record.unreadable !== undefined) {
      this.#bury(record.offset, record.unreadable);
      return;
    }
    this.#lineNumber = Math.min(record.offset - this.firstOffset, LAST_LINE_NUMBER);
    this.#messages += 1;
    this.#newestMs = Math.max(this.#newestMs, record.timestampMs);
    this.#bytes += record.value?.length ?? 0;
    cutMessage(record, this);
  }

  line(line: Uint8Array, fullBytes: number): void {
    this.lines.push({ line, lineNumber: this.#lineNumber, fullBytes });
  }

  problem(field: string, reason: string, text: string): void {
    this.problems.push({ lineNumber: this.#lineNumber, field, reason, text });
  }

  #bury(lastOffset: number, { firstOffset, reason, head }: UnreadableRange): void {
    // The batch may begin before the block, when its first records could be read once.
    this.#lineNumber = Math.min(Math.max(0, firstOffset - this.firstOffset), LAST_LINE_NUMBER);
    this.#unreadable.push({ firstOffset, lastOffset, reason });
    this.problem('', `records ${firstOffset} to ${lastOffset} cannot be read: ${reason}`, head.toString('base64'));
  }
}
