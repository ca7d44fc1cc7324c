import { AppError, describeError } from '../../../core/errors.ts';
import { call, changed, field, isMethod, type Method } from './reflect.ts';
import { recordsOf } from './records-of.ts';
import { BATCH_HEADER_BYTES, UnreadableBatch, UnreadableBatchError } from './unreadable-batch.ts';

/** What a record costs beside its key and value, in bytes. */
export const RECORD_BYTES = 512;

const CODEC = 0x07;
const APPEND_TIME = 0x08;
const IN_TRANSACTION = 0x10;
const CONTROL = 0x20;

/**
 * Returns what decodes a batch in Kafka's record format 2 with kafkajs' codecs and its decoder of records; a batch that
 * cannot be read becomes one UnreadableBatch.
 *
 * @throws E_KAFKAJS when kafkajs is not as expected
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function batchDecoder(
  load: NodeJS.Require,
  maxBytes: () => number,
): (batch: Buffer) => Promise<readonly unknown[]> {
  const Decoder: unknown = load('kafkajs/src/protocol/decoder');
  const decodeRecord: unknown = load('kafkajs/src/protocol/recordBatch/record/v0/decoder');
  const codecOf = field(load('kafkajs/src/protocol/message/compression'), 'lookupCodecByAttributes');
  const appendTime = field(load('kafkajs/src/protocol/timestampTypes'), 'LOG_APPEND_TIME');
  if (!isMethod(Decoder) || !isMethod(decodeRecord) || !isMethod(codecOf)) throw changed('the decoder of records');
  return async (batch) => {
    try {
      const count = checkCount(batch, maxBytes());
      const context = contextOf(batch, appendTime);
      const records: unknown[] = [];
      for (const record of recordsOf(await inflated(batch, codecOf), context.lastOffsetDelta)) {
        if (records.length === count) break;
        records.push(decodeRecord.call({}, Reflect.construct(Decoder, [record]), context));
      }
      if (records.length < count) throw new UnreadableBatchError('its records are damaged: some are missing');
      return records;
    } catch (error) {
      return [unreadable(batch, reasonOf(error))];
    }
  };
}

/**
 * Returns why something cannot be read, as the end of a sentence.
 *
 * @throws the fault when it is not one of what was read
 */
export function reasonOf(error: unknown): string {
  if (error instanceof UnreadableBatchError) return error.message;
  if (error instanceof AppError) throw error;
  return `its records are damaged: ${describeError(error)}`;
}

function checkCount(batch: Buffer, maxBytes: number): number {
  const count = batch.readInt32BE(BATCH_HEADER_BYTES - 4);
  const most = Math.floor(maxBytes / RECORD_BYTES);
  if (count >= 0 && count <= most) return count;
  throw new UnreadableBatchError(`the batch holds ${count} records; at most ${most} are read`);
}

async function inflated(batch: Buffer, codecOf: Method): Promise<Buffer> {
  const bytes = batch.subarray(BATCH_HEADER_BYTES);
  const attributes = batch.readInt16BE(21);
  if ((attributes & CODEC) === 0 || bytes.length === 0) return bytes;
  const codec = codecOf.call({}, attributes);
  if (codec === null) throw new UnreadableBatchError(`its compression, number ${attributes & CODEC}, is not known`);
  const found = await call(codec, 'decompress', bytes);
  if (!Buffer.isBuffer(found)) throw changed('decompress');
  return found;
}

function unreadable(batch: Buffer, reason: string): UnreadableBatch {
  const first = batch.readBigInt64BE(0);
  return new UnreadableBatch({
    firstOffset: Number(first),
    offset: String(first + BigInt(Math.max(0, batch.readInt32BE(23)))),
    timestamp: String(batch.readBigInt64BE(35)),
    batchContext: transactionOf(batch),
    reason,
    body: batch.subarray(BATCH_HEADER_BYTES),
  });
}

function transactionOf(batch: Buffer): UnreadableBatch['batchContext'] {
  return {
    producerId: String(batch.readBigInt64BE(43)),
    inTransaction: (batch.readInt16BE(21) & IN_TRANSACTION) !== 0,
  };
}

/** Returns what kafkajs says of a batch beside each of its records. */
function contextOf(batch: Buffer, appendTime: unknown) {
  const attributes = batch.readInt16BE(21);
  return {
    ...transactionOf(batch),
    firstOffset: String(batch.readBigInt64BE(0)),
    partitionLeaderEpoch: batch.readInt32BE(12),
    magicByte: batch.readInt8(16),
    isControlBatch: (attributes & CONTROL) !== 0,
    lastOffsetDelta: batch.readInt32BE(23),
    firstTimestamp: String(batch.readBigInt64BE(27)),
    maxTimestamp: String(batch.readBigInt64BE(35)),
    timestampType: (attributes & APPEND_TIME) === 0 ? undefined : appendTime,
    producerEpoch: batch.readInt16BE(51),
    firstSequence: batch.readInt32BE(53),
  };
}
