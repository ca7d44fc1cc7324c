import { createHash } from 'node:crypto';

/** What can be sent: each kind has its own Null table, its own parsing view and its own typed table. */
export const RECORD_KINDS = ['predictions', 'labels', 'business', 'events'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** Longer lines are refused; the dead letter keeps their beginning. */
export const MAX_LINE_BYTES = 1_048_576;
const KEPT_LINE_BYTES = 16_384;

/** Some lines of one request, framed for the engine: the smallest piece of work that counts once. */
export interface IngestUnit {
  readonly kind: RecordKind;
  /** Names the piece of work; the same receipt is never stored twice. A 64-bit number as decimal text. */
  readonly receipt: string;
  readonly rows: number;
  readonly bytes: number;
  /** Name of the collector that brings it, for metrics; absent for the HTTP routes. */
  readonly collector?: string;
  /** RowBinary rows of (receipt UInt64, line_no UInt32, received DateTime64(3), line_bytes UInt32, line String), whole rows a part. */
  readonly body: readonly Buffer[];
}

export const UNIT_COLUMNS = ['receipt', 'line_no', 'received', 'line_bytes', 'line'] as const;
const FIXED_BYTES = 8 + 4 + 8 + 4;
const LENGTH_BYTES = 5;

/** Parts start small, because most requests are, and grow, because a buffer for each few lines would cost too much. */
const FIRST_PART_BYTES = 16 * 1024;
const LARGEST_PART_BYTES = 1024 * 1024;

/**
 * Frames raw lines into a unit without looking into them. A builder holds one unit at a time.
 */
export class UnitBuilder {
  readonly #kind: RecordKind;
  readonly #receivedMs: bigint;
  #full: Buffer[] = [];
  #part = Buffer.alloc(0);
  #partLength = 0;
  #partBytes = FIRST_PART_BYTES;
  #bytes = 0;
  #rows = 0;

  constructor(kind: RecordKind, receivedMs: number) {
    this.#kind = kind;
    this.#receivedMs = BigInt(Math.trunc(receivedMs));
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds one line. `fullBytes` is its length before it was cut. */
  add(line: Uint8Array, lineNumber: number, fullBytes: number = line.length): void {
    const kept = fullBytes > MAX_LINE_BYTES ? line.subarray(0, KEPT_LINE_BYTES) : line;
    this.#reserve(FIXED_BYTES + LENGTH_BYTES + kept.length);
    const start = this.#partLength;
    let at = start + 8; // the receipt is known only at the end
    at = this.#part.writeUInt32LE(lineNumber, at);
    at = this.#part.writeBigInt64LE(this.#receivedMs, at);
    at = this.#part.writeUInt32LE(Math.min(fullBytes, 0xffffffff), at);
    let rest = kept.length;
    while (rest >= 0x80) {
      this.#part[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#part[at++] = rest;
    this.#part.set(kept, at);
    this.#partLength = at + kept.length;
    this.#bytes += this.#partLength - start;
    this.#rows += 1;
  }

  /**
   * Returns the unit and starts the next one. Without a key the content names the unit, so that the same body sent
   * again counts once.
   */
  finish(key: string | undefined): IngestUnit {
    this.#close();
    const body = this.#full;
    const receipt = key === undefined ? this.#receiptOfContent(body) : receiptOf(`${this.#kind}\n${key}`);
    const receiptBytes = Buffer.alloc(8);
    receiptBytes.writeBigUInt64LE(receipt);
    for (const part of body) forEachRow(part, (start) => receiptBytes.copy(part, start));
    const unit = { kind: this.#kind, receipt: receipt.toString(), rows: this.#rows, bytes: this.#bytes, body };
    this.#full = [];
    this.#bytes = 0;
    this.#rows = 0;
    return unit;
  }

  #receiptOfContent(body: readonly Buffer[]): bigint {
    const hash = createHash('sha256').update(`${this.#kind}\ncontent\n`);
    for (const part of body) {
      forEachRow(part, (start, lineStart, end) => {
        hash.update(part.subarray(start + 8, start + 12)).update(part.subarray(lineStart, end));
      });
    }
    return hash.digest().readBigUInt64LE(0);
  }

  #reserve(bytes: number): void {
    if (this.#partLength + bytes <= this.#part.length) return;
    this.#close();
    this.#part = Buffer.allocUnsafe(Math.max(this.#partBytes, bytes));
    this.#partBytes = Math.min(LARGEST_PART_BYTES, this.#partBytes * 4);
  }

  #close(): void {
    if (this.#partLength > 0) this.#full.push(this.#part.subarray(0, this.#partLength));
    this.#part = Buffer.alloc(0);
    this.#partLength = 0;
  }
}

function receiptOf(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64LE(0);
}

function forEachRow(part: Buffer, visit: (start: number, lineStart: number, end: number) => void): void {
  let at = 0;
  while (at < part.length) {
    const start = at;
    at += FIXED_BYTES;
    let length = 0;
    let shift = 0;
    for (;;) {
      const byte = part[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    visit(start, at, at + length);
    at += length;
  }
}
