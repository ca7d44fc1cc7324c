import { batchDecoder, RECORD_BYTES } from './decode-batch.ts';
import { type DecodeMessages, decodeMessageSet } from './decode-message-set.ts';
import { call, changed, field, isMethod } from './reflect.ts';
import { BATCH_HEADER_BYTES, UnreadableBatchError } from './unreadable-batch.ts';

const DECODE_MESSAGES = 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages';

export interface DecodingLimits {
  /** Bytes of the records of a fetch, decompressed, beyond which the rest of it is fetched again. */
  maxInflatedBytes: number;
}

/**
 * Mends how kafkajs decodes what a broker has sent: a batch may have any number of records, one that cannot be read
 * becomes an UnreadableBatch, and a fetch that inflates beyond the limit is cut short behind a whole batch.
 *
 * @throws E_KAFKAJS when kafkajs is not as expected
 */
export function mendDecoding(load: NodeJS.Require, limits: DecodingLimits): void {
  const decodeOld = oldDecoder(load);
  const decodeBatch = batchDecoder(load, () => limits.maxInflatedBytes);
  const loaded = load.cache[load.resolve(DECODE_MESSAGES)];
  if (loaded === undefined) throw changed('decodeMessages');
  // The partitions of a fetch are decoded one after the other, out of one decoder.
  const inHand = new WeakMap<object, number>();
  loaded.exports = async (decoder: object): Promise<unknown> => {
    const bytes = await call(decoder, 'readBytes');
    if (!Buffer.isBuffer(bytes) || bytes.length < FORMAT_AT + 1) return [];
    if (bytes.readInt8(FORMAT_AT) !== 2) return decodeMessageSet(bytes, decodeOld);
    const records: unknown[] = [];
    for (const batch of batchesOf(bytes)) {
      const held = inHand.get(decoder) ?? 0;
      if (held >= limits.maxInflatedBytes) break;
      const found = await decodeBatch(batch);
      for (const record of found) records.push(record);
      inHand.set(decoder, held + sizeOf(found));
    }
    return records;
  };
}

/** Where the number of the format is, in each of them. */
const FORMAT_AT = 16;

/** Returns kafkajs' own way to decode, for a set of messages without its size. */
function oldDecoder(load: NodeJS.Require): DecodeMessages {
  const original: unknown = load(DECODE_MESSAGES);
  const Decoder: unknown = load('kafkajs/src/protocol/decoder');
  if (!isMethod(original) || !isMethod(Decoder)) throw changed('decodeMessages');
  return async (bytes) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(bytes.length);
    const found = await original.call({}, Reflect.construct(Decoder, [Buffer.concat([size, bytes])]));
    if (!Array.isArray(found)) throw changed('messages');
    return found;
  };
}

/** Yields the whole batches: a fetch may end in the middle of one. */
function* batchesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; bytes.length - at >= BATCH_HEADER_BYTES; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end < at + BATCH_HEADER_BYTES) throw new UnreadableBatchError('A batch of records is shorter than its header.');
    if (end > bytes.length || bytes.readInt8(at + FORMAT_AT) !== 2) return;
    yield bytes.subarray(at, end);
    at = end;
  }
}

function sizeOf(records: readonly unknown[]): number {
  let bytes = records.length * RECORD_BYTES;
  for (const record of records) bytes += lengthOf(field(record, 'key')) + lengthOf(field(record, 'value'));
  return bytes;
}

function lengthOf(bytes: unknown): number {
  return Buffer.isBuffer(bytes) ? bytes.length : 0;
}
