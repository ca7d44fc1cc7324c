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
  /** RowBinary rows of (receipt UInt64, line_no UInt32, received DateTime64(3), line_bytes UInt32, line String). */
  readonly body: Buffer;
}

export const UNIT_COLUMNS = ['receipt', 'line_no', 'received', 'line_bytes', 'line'] as const;
const FIXED_BYTES = 8 + 4 + 8 + 4;

/**
 * Frames raw lines into a unit without looking into them. A builder holds one unit at a time.
 */
export class UnitBuilder {
  readonly #kind: RecordKind;
  readonly #receivedMs: bigint;
  #buffer: Buffer;
  #length = 0;
  #rows = 0;

  constructor(kind: RecordKind, receivedMs: number) {
    this.#kind = kind;
    this.#receivedMs = BigInt(Math.trunc(receivedMs));
    this.#buffer = Buffer.allocUnsafe(256 * 1024);
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#length;
  }

  /** Adds one line. `fullBytes` is its length before it was cut. */
  add(line: Uint8Array, lineNumber: number, fullBytes: number = line.length): void {
    const kept = fullBytes > MAX_LINE_BYTES ? line.subarray(0, KEPT_LINE_BYTES) : line;
    this.#reserve(FIXED_BYTES + 5 + kept.length);
    let at = this.#length + 8; // the receipt is known only at the end
    at = this.#buffer.writeUInt32LE(lineNumber, at);
    at = this.#buffer.writeBigInt64LE(this.#receivedMs, at);
    at = this.#buffer.writeUInt32LE(Math.min(fullBytes, 0xffffffff), at);
    let rest = kept.length;
    while (rest >= 0x80) {
      this.#buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[at++] = rest;
    this.#buffer.set(kept, at);
    this.#length = at + kept.length;
    this.#rows += 1;
  }

  /**
   * Returns the unit and starts the next one. Without a key the content names the unit, so that the same body sent
   * again counts once.
   */
  finish(key: string | undefined): IngestUnit {
    const body = this.#buffer.subarray(0, this.#length);
    const receipt = key === undefined ? this.#receiptOfContent(body) : receiptOf(`${this.#kind}\n${key}`);
    const receiptBytes = Buffer.alloc(8);
    receiptBytes.writeBigUInt64LE(receipt);
    forEachRow(body, (start) => receiptBytes.copy(body, start));
    const unit = { kind: this.#kind, receipt: receipt.toString(), rows: this.#rows, body };
    this.#buffer = Buffer.allocUnsafe(Math.max(256 * 1024, this.#length));
    this.#length = 0;
    this.#rows = 0;
    return unit;
  }

  #receiptOfContent(body: Buffer): bigint {
    const hash = createHash('sha256').update(`${this.#kind}\ncontent\n`);
    forEachRow(body, (start, lineStart, end) => {
      hash.update(body.subarray(start + 8, start + 12)).update(body.subarray(lineStart, end));
    });
    return hash.digest().readBigUInt64LE(0);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

function receiptOf(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64LE(0);
}

function forEachRow(body: Buffer, visit: (start: number, lineStart: number, end: number) => void): void {
  let at = 0;
  while (at < body.length) {
    const start = at;
    at += FIXED_BYTES;
    let length = 0;
    let shift = 0;
    for (;;) {
      const byte = body[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    visit(start, at, at + length);
    at += length;
  }
}
