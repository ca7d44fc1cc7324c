import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { registerCodecs } from '../../../src/collectors/kafka/kafkajs/codecs.ts';
import { applyShims } from '../../../src/collectors/kafka/kafkajs/shims.ts';
import { UnreadableBatch } from '../../../src/collectors/kafka/kafkajs/unreadable-batch.ts';
import { record, recordHead, zstdBomb } from '../../support/kafka-bombs.ts';

const MIB = 1024 * 1024;
const CODECS = ['None', 'GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const;
type CodecName = (typeof CODECS)[number];
const shims = applyShims();
const fetched = z.object({
  responses: z.array(z.object({ partitions: z.array(z.object({ messages: z.array(z.unknown()) })) })),
});
const message = z.object({ offset: z.string(), value: z.instanceof(Buffer) });

describe('a batch of records that cannot be read', () => {
  beforeEach(() => {
    registerCodecs(MIB);
    shims.limits.maxInflatedBytes = MIB;
  });

  test.each(CODECS)('is passed on with its offsets, and the good ones around it are read: %s', async (codec) => {
    const good = (offset: number): Promise<Buffer> => batch({ offset, codec, values: ['one', 'two'] });
    const damaged = await batch({ offset: 12, codec, values: ['three', 'four', 'five'] });
    damaged.fill(0xee, HEADER);
    const [messages = []] = await decode([[await good(10), damaged, await good(15)]]);
    expect(messages.map(shown)).toEqual([
      '10 one',
      '11 two',
      expect.stringMatching(/^12 to 14: its (?:gzip|snappy|lz4|zstd|records).* damaged/),
      '15 one',
      '16 two',
    ]);
  });

  test('may be cut or changed anywhere without a fault, an endless loop or offsets of others', async () => {
    const random = mulberry(5);
    let unreadable = 0;
    for (let round = 0; round < 300; round += 1) {
      const codec = CODECS[round % CODECS.length] ?? 'None';
      const bytes = await batch({ offset: 40, codec, values: ['{"a":1}', '{"a":1}{"a":1}{"a":1}{"a":1}', 'ccc'] });
      for (let change = 0; change <= random(3); change += 1)
        bytes[HEADER + random(bytes.length - HEADER)] = random(256);
      const [messages = []] = await decode([[bytes, await batch({ offset: 43, codec: 'None', values: ['good'] })]]);
      expect(messages.map(shown).at(-1), codec).toBe('43 good');
      for (const each of messages.slice(0, -1)) {
        if (each instanceof UnreadableBatch) unreadable += 1;
        expect(shown(each), codec).toMatch(/^4[012] /);
      }
    }
    expect(unreadable).toBeGreaterThan(60);
  });

  test.each(CODECS.slice(1))(
    'is one that inflates to more than the limit, and not one that just fits: %s',
    async (codec) => {
      const value = (bytes: number): Buffer => Buffer.alloc(bytes, 'plumbline ');
      const fits = await batch({ offset: 0, codec, values: [value(MIB - 20)] });
      const large = await batch({ offset: 1, codec, values: ['x', value(MIB)] });
      const [[whole] = []] = await decode([[fits]]);
      expect(message.parse(whole).value.equals(value(MIB - 20))).toBe(true);
      const [messages = []] = await decode([[large]]);
      expect(messages.map(shown)).toEqual(['1 to 2: it inflates to more than 1048576 bytes']);
    },
  );

  test('is one that would inflate to gigabytes, which is found out without doing so', async () => {
    const zstd = zstdBomb(recordHead(1), 100_000);
    const [messages = []] = await decode([[await batch({ offset: 3, codec: 'ZSTD', values: ['x'], stored: zstd })]]);
    expect(messages.map(shown)).toEqual(['3 to 3: it inflates to more than 1048576 bytes']);
    // 1,000 blocks of 4 MiB, each the same byte over and over.
    const block = Buffer.concat([
      Buffer.from([0x1f, 0, 1, 0]),
      Buffer.alloc(16_447, 255),
      Buffer.from([0, 0x50]),
      Buffer.alloc(5),
    ]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(block.length);
    const blocks = Buffer.alloc(1000 * (block.length + 4), Buffer.concat([length, block]));
    const lz4 = Buffer.concat([Buffer.from('04224d18607073', 'hex'), blocks, Buffer.alloc(4)]);
    const [others = []] = await decode([[await batch({ offset: 4, codec: 'LZ4', values: ['x'], stored: lz4 })]]);
    expect(others.map(shown)).toEqual(['4 to 4: it inflates to more than 1048576 bytes']);
  });

  test('is one of more records than the limit allows for', async () => {
    const many = await batch({ offset: 0, codec: 'GZIP', values: Array.from({ length: 2049 }, () => '') });
    const most = await batch({ offset: 2049, codec: 'GZIP', values: Array.from({ length: 2048 }, () => '') });
    const [messages = []] = await decode([[many, most]]);
    expect(shown(messages[0])).toBe('0 to 2048: the batch holds 2049 records; at most 2048 are read');
    expect(messages).toHaveLength(2049);
  });

  test('keeps its beginning, its time and its transaction', async () => {
    const bytes = await batch({ offset: 7, codec: 'GZIP', values: ['a'], stored: Buffer.from('damaged') });
    const [messages = []] = await decode([[bytes]]);
    expect(messages[0]).toMatchObject({
      head: Buffer.from('damaged'),
      timestamp: '1777632000000',
      batchContext: { producerId: '77', inTransaction: true },
    });
  });

  test.each([0, 1])('may be a message around others, as Kafka once stored them: format %i', async (format) => {
    const inner = Buffer.concat(
      [0, 1].map((index) => oldMessage({ offset: index, format, value: Buffer.from('old') })),
    );
    const around = (offset: number, value: Buffer): Buffer => oldMessage({ offset, format, value, gzip: true });
    const good = gzipSync(
      format === 1
        ? inner
        : Buffer.concat([
            oldMessage({ offset: 6, format, value: Buffer.from('old') }),
            oldMessage({ offset: 7, format, value: Buffer.from('old') }),
          ]),
    );
    const set = [
      oldMessage({ offset: 5, format, value: Buffer.from('plain') }),
      around(7, good),
      around(9, Buffer.from('this is no gzip')),
      around(11, gzipSync(Buffer.alloc(MIB + 1))),
      oldMessage({ offset: 12, format, value: Buffer.from('last') }),
    ];
    const [messages = []] = await decode([set]);
    expect(messages.map(shown)).toEqual([
      '5 plain',
      '6 old',
      '7 old',
      expect.stringMatching(/^8 to 9: its gzip data are damaged/),
      '10 to 11: it inflates to more than 1048576 bytes',
      '12 last',
    ]);
  });

  test('ends a fetch that inflates beyond the limit, whose rest comes with the next one', async () => {
    const half = Buffer.alloc(MIB / 2, 'plumbline ');
    const batches = await Promise.all([0, 1, 2, 3].map((offset) => batch({ offset, codec: 'ZSTD', values: [half] })));
    const partitions = await decode([batches.slice(0, 1), batches.slice(1, 3), batches.slice(3)]);
    expect(partitions.map((messages) => messages.length)).toEqual([1, 1, 0]);
    const [again = []] = await decode([batches.slice(2)]);
    expect(again).toHaveLength(2);
  });
});

const HEADER = 61;
const load = createRequire(import.meta.url);

function shown(each: unknown): string {
  if (each instanceof UnreadableBatch) return `${each.firstOffset} to ${each.offset}: ${each.reason}`;
  const { offset, value } = message.parse(each);
  return `${offset} ${value.toString()}`;
}

/** Returns a batch in Kafka's record format 2; `stored` replaces its compressed records. */
async function batch(content: {
  readonly offset: number;
  readonly codec: CodecName;
  readonly values: readonly (string | Buffer)[];
  readonly stored?: Buffer;
}): Promise<Buffer> {
  const { offset, codec, values } = content;
  const plain = Buffer.concat(values.map((value, index) => record(index, Buffer.from(value))));
  const records = content.stored ?? (await compressed(codec, plain));
  const header = Buffer.alloc(HEADER);
  header.writeBigInt64BE(BigInt(offset), 0);
  header.writeInt32BE(HEADER - 12 + records.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(kafkajs.CompressionTypes[codec] + 0x10, 21);
  header.writeInt32BE(values.length - 1, 23);
  header.writeBigInt64BE(1_777_632_000_000n, 27);
  header.writeBigInt64BE(1_777_632_000_000n, 35);
  header.writeBigInt64BE(77n, 43);
  header.writeInt32BE(values.length, 57);
  return Buffer.concat([header, records]);
}

/** Returns a message in one of Kafka's formats before 0.11. */
function oldMessage(content: {
  readonly offset: number;
  readonly format: number;
  readonly value: Buffer;
  readonly gzip?: true;
}): Buffer {
  const { offset, format, value, gzip } = content;
  const int = (number: number): Buffer => Buffer.from([number >> 24, number >> 16, number >> 8, number]);
  const time = Buffer.alloc(format === 1 ? 8 : 0);
  const body = [int(0), Buffer.from([format, gzip === true ? 1 : 0]), time, int(-1), int(value.length), value];
  const bytes = Buffer.concat(body);
  return Buffer.concat([int(0), int(offset), int(bytes.length), bytes]);
}

async function compressed(codec: CodecName, buffer: Buffer): Promise<Buffer> {
  if (codec === 'None') return buffer;
  const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;
  const codecOf = {
    GZIP: codecs[types.GZIP],
    Snappy: codecs[types.Snappy],
    LZ4: codecs[types.LZ4],
    ZSTD: codecs[types.ZSTD],
  };
  return codecOf[codec]().compress({ buffer });
}

/** Has kafkajs decode the answer of a broker to a fetch of some partitions. */
async function decode(partitions: readonly (readonly Buffer[])[]): Promise<readonly (readonly unknown[])[]> {
  const { decode: decodeResponse } = load('kafkajs/src/protocol/requests/fetch/v4/response');
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const parts = partitions.map((batches, index) => {
    const set = Buffer.concat(batches);
    // Partition, error, end of the partition, its last stable offset, no aborted transactions.
    return Buffer.concat([int(index), Buffer.alloc(18), int(-1), int(set.length), set]);
  });
  const topic = Buffer.concat([Buffer.from([0, 1, 0x74]), int(parts.length), ...parts]);
  const { responses } = fetched.parse(await decodeResponse(Buffer.concat([int(0), int(1), topic])));
  return responses.flatMap((response) => response.partitions.map(({ messages }) => messages));
}

/** Whole numbers below a limit that are the same at every run. */
function mulberry(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}
