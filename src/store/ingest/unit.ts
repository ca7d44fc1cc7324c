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
const RECEIPT_BYTES = 8;
const TIME_BYTES = 8;
const FIXED_BYTES = RECEIPT_BYTES + 4 + TIME_BYTES + 4;
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
    // The receipt is known only at the end, and the time of arrival is no part of what it is made of.
    this.#part.fill(0, start, start + FIXED_BYTES);
    this.#part.writeUInt32LE(lineNumber, start + RECEIPT_BYTES);
    this.#part.writeUInt32LE(Math.min(fullBytes, 0xffffffff), start + RECEIPT_BYTES + 4 + TIME_BYTES);
    let at = start + FIXED_BYTES;
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
    for (const part of body) stamp(part, receipt, this.#receivedMs);
    const unit = { kind: this.#kind, receipt: receipt.toString(), rows: this.#rows, bytes: this.#bytes, body };
    this.#full = [];
    this.#bytes = 0;
    this.#rows = 0;
    return unit;
  }

  #receiptOfContent(body: readonly Buffer[]): bigint {
    const hash = createHash('sha256').update(`${this.#kind}\ncontent\n`);
    for (const part of body) hash.update(part);
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

/** Writes receipt and time of arrival into every row of a part. */
function stamp(part: Buffer, receipt: bigint, receivedMs: bigint): void {
  const pattern = Buffer.alloc(RECEIPT_BYTES + TIME_BYTES);
  pattern.writeBigUInt64LE(receipt);
  pattern.writeBigInt64LE(receivedMs, RECEIPT_BYTES);
  const receiptLow = pattern.readInt32LE(0);
  const receiptHigh = pattern.readInt32LE(4);
  const timeLow = pattern.readInt32LE(RECEIPT_BYTES);
  const timeHigh = pattern.readInt32LE(RECEIPT_BYTES + 4);
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  let at = 0;
  while (at < part.length) {
    view.setInt32(at, receiptLow, true);
    view.setInt32(at + 4, receiptHigh, true);
    view.setInt32(at + RECEIPT_BYTES + 4, timeLow, true);
    view.setInt32(at + RECEIPT_BYTES + 8, timeHigh, true);
    at += FIXED_BYTES;
    let length = 0;
    let shift = 0;
    for (;;) {
      const byte = part[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    at += length;
  }
}
