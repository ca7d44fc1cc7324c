import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import kafkajs from 'kafkajs';
import { BATCH_HEADER_BYTES } from '../../src/collectors/kafka/kafkajs/unreadable-batch.ts';

type CodecName = Exclude<keyof typeof kafkajs.CompressionTypes, 'None'>;

/**
 * Has kafkajs send `bytes` where it would have sent its records compressed, while `send` runs. The registered codec is
 * put back afterwards.
 */
export async function sendingInstead(codec: CodecName, bytes: Buffer, send: () => Promise<void>): Promise<void> {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const type = CompressionTypes[codec];
  const registered = CompressionCodecs[type];
  CompressionCodecs[type] = () => ({ ...registered(), compress: async () => bytes });
  try {
    await send();
  } finally {
    CompressionCodecs[type] = registered;
  }
}

/** Returns the only record of a batch, framed, without its value of `valueBytes` and what follows that. */
export function recordHead(valueBytes: number): Buffer {
  const body = [0, 0, 0, ...varint(-1), ...varint(valueBytes)];
  return Buffer.from([...varint(body.length + valueBytes + 1), ...body]);
}

/** Returns a record of a batch, so many offsets behind its first one. */
export function record(offsetDelta: number, value: Buffer): Buffer {
  const head = [0, 0, ...varint(offsetDelta), ...varint(-1), ...varint(value.length)];
  return Buffer.concat([
    Buffer.from([...varint(head.length + value.length + 1), ...head]),
    value,
    Buffer.alloc(1), // no headers
  ]);
}

/** Returns a frame of Zstandard that holds `head`, so many blocks of 128 KiB of zeros and a zero, in four bytes a block. */
export function zstdBomb(head: Buffer, blocks: number): Buffer {
  const magicAndWindow = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]);
  const block = Buffer.concat([blockHeader(RUN, 128 * 1024, false), Buffer.alloc(1)]);
  const zeros = Buffer.alloc(block.length * blocks, block);
  return Buffer.concat([
    magicAndWindow,
    blockHeader(RAW, head.length, false),
    head,
    zeros,
    blockHeader(RAW, 1, true),
    Buffer.alloc(1),
  ]);
}

const RAW = 0;
const RUN = 1;

/** Overwrites the records of the batch at an offset in a broker's file, which it hands on as it finds them. */
export function damageBatch(file: string, offset: number): void {
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (Number(bytes.readBigInt64BE(at)) === offset) {
      writeAt(file, Buffer.alloc(end - at - BATCH_HEADER_BYTES, 0xee), at + BATCH_HEADER_BYTES);
      return;
    }
    at = end;
  }
  throw new Error(`No batch begins at offset ${offset}.`);
}

function writeAt(file: string, bytes: Buffer, position: number): void {
  const opened = openSync(file, 'r+');
  try {
    writeSync(opened, bytes, 0, bytes.length, position);
  } finally {
    closeSync(opened);
  }
}

function blockHeader(kind: number, size: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE(size * 8 + kind * 2 + Number(isLast), 0, 3);
  return header;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
