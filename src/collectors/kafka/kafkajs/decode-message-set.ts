import { reasonOf } from './decode-batch.ts';
import { UnreadableBatch } from './unreadable-batch.ts';

/** Decodes messages that Kafka stored before its version 0.11: a list, or one message around a compressed list. */
export type DecodeMessages = (bytes: Buffer) => Promise<readonly unknown[]>;

/**
 * Decodes a set of messages in Kafka's formats 0 and 1; a message of it that cannot be read, with all those compressed
 * in it, becomes an UnreadableBatch.
 *
 * @see https://kafka.apache.org/documentation/#messageset
 */
export async function decodeMessageSet(bytes: Buffer, decode: DecodeMessages): Promise<readonly unknown[]> {
  try {
    return await decode(bytes);
  } catch (error) {
    reasonOf(error);
    return decodeEach(bytes, decode);
  }
}

const ENTRY_HEADER_BYTES = 12;
const MESSAGE_HEADER_BYTES = 14;

async function decodeEach(bytes: Buffer, decode: DecodeMessages): Promise<readonly unknown[]> {
  const messages: unknown[] = [];
  let firstOffset: bigint | undefined;
  for (let at = 0; bytes.length - at >= ENTRY_HEADER_BYTES + MESSAGE_HEADER_BYTES; ) {
    const end = at + ENTRY_HEADER_BYTES + bytes.readInt32BE(at + 8);
    if (end > bytes.length || end < at + ENTRY_HEADER_BYTES + MESSAGE_HEADER_BYTES) break;
    const entry = bytes.subarray(at, end);
    // That of the last message in it.
    const offset = entry.readBigInt64BE(0);
    try {
      messages.push(...(await decode(entry)));
    } catch (error) {
      messages.push(unreadable(entry, { first: Number(firstOffset ?? offset), offset, reason: reasonOf(error) }));
    }
    firstOffset = offset + 1n;
    at = end;
  }
  return messages;
}

function unreadable(
  entry: Buffer,
  place: { readonly first: number; readonly offset: bigint; readonly reason: string },
): UnreadableBatch {
  const format = entry.readInt8(16);
  return new UnreadableBatch({
    firstOffset: place.first,
    offset: String(place.offset),
    timestamp: String(format === 1 ? entry.readBigInt64BE(18) : 0),
    batchContext: { producerId: '-1', inTransaction: false },
    reason: place.reason,
    body: entry.subarray(ENTRY_HEADER_BYTES + MESSAGE_HEADER_BYTES),
  });
}
