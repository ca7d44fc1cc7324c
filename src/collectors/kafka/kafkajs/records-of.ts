import { UnreadableBatchError } from './unreadable-batch.ts';

/**
 * Cuts the records of a batch, checking that the lengths in each fit one another, because kafkajs believes them
 * whatever they say.
 *
 * @throws UnreadableBatchError when they do not, or when offsets do not ascend up to `lastDelta`
 * @see https://kafka.apache.org/documentation/#record
 */
export function* recordsOf(bytes: Buffer, lastDelta: number): Generator<Buffer> {
  const cursor = new Cursor(bytes);
  for (let previous = -1; cursor.at < bytes.length; ) {
    const length = cursor.varint();
    const start = cursor.at;
    const end = start + length;
    if (length < MIN_BYTES || end > bytes.length) throw damaged('a length does not fit');
    cursor.at += 1;
    cursor.skipVarlong();
    const delta = cursor.varint();
    if (delta <= previous || delta > lastDelta) throw damaged('an offset does not fit');
    previous = delta;
    cursor.skipField();
    cursor.skipField();
    const headers = cursor.varint();
    // A header takes two bytes at least.
    if (headers < 0 || cursor.at + 2 * headers > end) throw damaged('a length does not fit');
    yield bytes.subarray(start, end);
    cursor.at = end;
  }
}

/** Attributes, time, offset, key, value and headers, a byte each. */
const MIN_BYTES = 6;

class Cursor {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.at] ?? 0;
      this.at += 1;
      value |= (byte & 127) << shift;
      if (byte < 128) return (value >>> 1) ^ -(value & 1);
    }
    throw damaged('a number has no end');
  }

  skipVarlong(): void {
    for (let count = 0; count < 10; count += 1) {
      const byte = this.#bytes[this.at] ?? 0;
      this.at += 1;
      if (byte < 128) return;
    }
    throw damaged('a number has no end');
  }

  skipField(): void {
    const length = this.varint();
    if (length < -1) throw damaged('a length does not fit');
    this.at += Math.max(0, length);
  }
}

function damaged(what: string): UnreadableBatchError {
  return new UnreadableBatchError(`its records are damaged: ${what}`);
}
