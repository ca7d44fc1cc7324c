import { promisify } from 'node:util';
import { gzip, unzip } from 'node:zlib';
import { compress as zstdCompress, decompress as zstdDecompress } from '@mongodb-js/zstd';
import kafkajs from 'kafkajs';
import snappyCodec from 'kafkajs-snappy';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { AppError, describeError } from '../../../core/errors.ts';
import { checkLz4 } from './check-lz4.ts';
import { checkZstd } from './check-zstd.ts';
import { snappyBlocks } from './snappy-blocks.ts';
import { tooLarge, UnreadableBatchError } from './unreadable-batch.ts';

interface Encoder {
  readonly buffer: Buffer;
}

interface Codec {
  readonly name: string;
  readonly compress: (bytes: Buffer) => Promise<Buffer>;
  /** Gives up before it holds more than so many bytes. */
  readonly decompress: (bytes: Buffer, maxBytes: number) => Promise<Buffer>;
}

const gzipAll = promisify(gzip);
const unzipAll = promisify(unzip);

/**
 * Teaches kafkajs the codecs it does not bring, without which a topic that is switched to one stops the consumer for
 * good, and has all of them refuse, with an UnreadableBatchError, a batch that is damaged or larger than `maxBytes`.
 */
export function registerCodecs(maxBytes: number): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const snappy = snappyCodec();
  const register = (type: keyof typeof CompressionCodecs, codec: Codec): void => {
    CompressionCodecs[type] = () => ({
      compress: ({ buffer }: Encoder) => codec.compress(buffer),
      decompress: (bytes: Buffer) => inflate(codec, bytes, maxBytes),
    });
  };
  register(CompressionTypes.GZIP, {
    name: 'gzip',
    compress: (bytes) => gzipAll(bytes),
    decompress: (bytes) => unzipAll(bytes, { maxOutputLength: maxBytes }),
  });
  register(CompressionTypes.Snappy, {
    name: 'snappy',
    compress: (buffer) => snappy.compress({ buffer }),
    decompress: async (bytes) =>
      Buffer.concat(await Promise.all(snappyBlocks(bytes, maxBytes).map((block) => snappy.decompress(block)))),
  });
  register(CompressionTypes.LZ4, {
    name: 'lz4',
    compress: (bytes) => compressFrame(bytes),
    decompress: (bytes) => {
      checkLz4(bytes, maxBytes);
      return decompressFrame(bytes);
    },
  });
  register(CompressionTypes.ZSTD, {
    name: 'zstd',
    compress: (bytes) => zstdCompress(bytes),
    decompress: async (bytes) => {
      await checkZstd(bytes, maxBytes);
      return zstdDecompress(bytes);
    },
  });
}

async function inflate({ name, decompress }: Codec, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await decompress(bytes, maxBytes);
  } catch (error) {
    if (error instanceof UnreadableBatchError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    const detail = error instanceof AppError ? '' : ` (${describeError(error)})`;
    throw new UnreadableBatchError(`its ${name} data are damaged${detail}`, { cause: error });
  }
}
