import { Decompress } from 'fzstd';
import { BodyEncodingError } from './body-encoding-error.ts';
import { ByteReader } from './byte-reader.ts';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const LARGEST_BLOCK = 128 * 1024;
/** The window that RFC 9659 allows a sender of Content-Encoding zstd, in bytes. */
const LARGEST_WINDOW = 8 * 1024 * 1024;
/** Bytes after which other work gets its turn; the decoder blocks. */
const TURN_BYTES = 1024 * 1024;

interface FrameHeader {
  readonly bytes: Buffer;
  readonly blockBytes: number;
  readonly checksumBytes: number;
}

/**
 * Decompresses Zstandard frames as they come, one block of at most 128 KiB at a time, so that memory is bounded by the
 * window whatever the frames claim. Checksums are not verified.
 *
 * @throws BodyEncodingError when the stream is cut off, damaged, needs a dictionary or a window larger than `largestWindow` bytes
 * @see https://www.rfc-editor.org/rfc/rfc8878, RFC 9659
 */
export async function* unzstd(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  largestWindow: number = LARGEST_WINDOW,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  for (let frames = 0; ; frames += 1) {
    const start = await reader.take(4);
    if (start.length === 0 && frames > 0) return;
    const magic = whole(start, 4).readUInt32LE(0);
    // The lowest four bits of a skippable frame are free; a bit operation would make the number negative.
    if (magic - (magic % 16) === SKIPPABLE) await reader.skip(whole(await reader.take(4), 4).readUInt32LE(0));
    else if (magic === MAGIC) yield* frame(reader, start, largestWindow);
    else throw new BodyEncodingError('the body is not valid zstd');
  }
}

async function* frame(reader: ByteReader, start: Buffer, largestWindow: number): AsyncGenerator<Buffer> {
  const header = await readHeader(reader, start, largestWindow);
  const decoded: Uint8Array[] = [];
  const decoder = new Decompress((block) => {
    decoded.push(block);
  });
  decode(decoder, header.bytes, false);
  let sinceTurn = 0;
  for (let isLast = false; !isLast; ) {
    const blockHeader = whole(await reader.take(3), 3);
    const bits = blockHeader.readUIntLE(0, 3);
    isLast = (bits & 1) === 1;
    const kind = (bits >> 1) & 3;
    const size = bits >> 3;
    if (kind === 3 || size > header.blockBytes) throw new BodyEncodingError('the body is not valid zstd');
    const length = kind === 1 ? 1 : size;
    const block = whole(await reader.take(length), length);
    const tail = isLast ? whole(await reader.take(header.checksumBytes), header.checksumBytes) : NOTHING;
    decode(decoder, Buffer.concat([blockHeader, block, tail]), isLast);
    for (const part of decoded.splice(0)) {
      if (part.length > 0) yield Buffer.from(part.buffer, part.byteOffset, part.length);
      sinceTurn += part.length;
    }
    if (sinceTurn >= TURN_BYTES) {
      sinceTurn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const NOTHING = Buffer.alloc(0);

async function readHeader(reader: ByteReader, start: Buffer, largestWindow: number): Promise<FrameHeader> {
  const first = whole(await reader.take(1), 1);
  const flags = first.readUInt8(0);
  const isSingleSegment = (flags & 0x20) !== 0;
  const sizeCode = flags >> 6;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const sizeBytes = sizeCode === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeCode;
  const windowBytes = isSingleSegment ? 0 : 1;
  const restBytes = windowBytes + dictionaryBytes + sizeBytes;
  const rest = whole(await reader.take(restBytes), restBytes);
  const sizeAt = windowBytes + dictionaryBytes;
  if (rest.subarray(windowBytes, sizeAt).some((byte) => byte !== 0)) {
    throw new BodyEncodingError('the zstd body needs a dictionary');
  }
  const window = isSingleSegment ? contentSize(rest.subarray(sizeAt)) : windowOf(rest.readUInt8(0));
  if (window > largestWindow) {
    throw new BodyEncodingError(
      `the zstd body needs a window of ${window} bytes; at most ${largestWindow} are allowed`,
    );
  }
  return {
    bytes: Buffer.concat([start, first, rest]),
    blockBytes: Math.min(LARGEST_BLOCK, window),
    checksumBytes: (flags & 4) === 0 ? 0 : 4,
  };
}

function contentSize(bytes: Buffer): number {
  if (bytes.length === 8) return Number(bytes.readBigUInt64LE(0));
  return bytes.readUIntLE(0, bytes.length) + (bytes.length === 2 ? 256 : 0);
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function decode(decoder: Decompress, bytes: Buffer, isLast: boolean): void {
  try {
    decoder.push(bytes, isLast);
  } catch (error) {
    throw new BodyEncodingError('the body is not valid zstd', { cause: error });
  }
}

function whole(bytes: Buffer, length: number): Buffer {
  if (bytes.length < length) throw new BodyEncodingError('the zstd body ends early');
  return bytes;
}
