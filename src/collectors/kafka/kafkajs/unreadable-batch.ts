import { AppError } from '../../../core/errors.ts';

/** A batch of records that cannot be read; the message is the reason, as the end of a sentence. */
export class UnreadableBatchError extends AppError {
  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super('E_KAFKA_BATCH', reason, options);
  }
}

/** Stands for a batch that cannot be read where kafkajs has its records, as if it were the last of them. */
export class UnreadableBatch {
  readonly isControlRecord = false;
  readonly key = null;
  readonly value = null;
  readonly headers = {};
  /** Offset of its last record. */
  readonly offset: string;
  readonly timestamp: string;
  /** What records of aborted transactions are known by. */
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
  readonly firstOffset: number;
  readonly reason: string;
  /** Its beginning as it is stored, without the header. */
  readonly head: Buffer;

  constructor(
    batch: Pick<UnreadableBatch, 'firstOffset' | 'offset' | 'timestamp' | 'batchContext' | 'reason'> & {
      readonly body: Buffer;
    },
  ) {
    this.firstOffset = batch.firstOffset;
    this.offset = batch.offset;
    this.timestamp = batch.timestamp;
    this.batchContext = batch.batchContext;
    this.reason = batch.reason;
    this.head = Buffer.from(batch.body.subarray(0, SHOWN_BYTES));
  }
}

/** Bytes before the records: record format 2 of Kafka, https://kafka.apache.org/documentation/#recordbatch. */
export const BATCH_HEADER_BYTES = 61;
/** 16,384 characters of Base64. */
const SHOWN_BYTES = 12_288;

/** Returns the fault of a batch that would take too much memory. */
export function tooLarge(maxBytes: number): UnreadableBatchError {
  return new UnreadableBatchError(`it inflates to more than ${maxBytes} bytes`);
}
