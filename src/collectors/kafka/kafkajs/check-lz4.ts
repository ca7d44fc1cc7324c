import { tooLarge, UnreadableBatchError } from './unreadable-batch.ts';

const MAGIC = 0x184d2204;
/** Most bytes that one byte of a compressed block stands for. */
const LARGEST_RATIO = 255;

interface Block {
  readonly bytes: Buffer;
  readonly isCompressed: boolean;
}

/**
 * Checks what a frame of LZ4 inflates to, without inflating it: roughly by the sizes of its blocks and, when that may
 * be too much, exactly.
 *
 * @throws UnreadableBatchError when it is more than `maxBytes` or the frame is damaged
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md, lz4_Block_format.md
 */
export function checkLz4(frame: Buffer, maxBytes: number): void {
  const largest = largestBlock(frame);
  let most = 0;
  for (const { bytes, isCompressed } of blocksOf(frame)) {
    most += isCompressed ? Math.min(largest, bytes.length * LARGEST_RATIO) : bytes.length;
  }
  if (most <= maxBytes) return;
  let exact = 0;
  for (const { bytes, isCompressed } of blocksOf(frame)) exact += isCompressed ? inflatedBytes(bytes) : bytes.length;
  if (exact > maxBytes) throw tooLarge(maxBytes);
}

function largestBlock(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== MAGIC) throw damaged();
  return 2 ** (8 + 2 * ((frame.readUInt8(5) >> 4) & 7));
}

function* blocksOf(frame: Buffer): Generator<Block> {
  const flags = frame.readUInt8(4);
  const checksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  const start = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  for (let at = start; at + 4 <= frame.length; ) {
    const word = frame.readUInt32LE(at);
    if (word === 0) return;
    const length = word % 2 ** 31;
    const end = at + 4 + length;
    if (end > frame.length) throw damaged();
    yield { bytes: frame.subarray(at + 4, end), isCompressed: word < 2 ** 31 };
    at = end + checksumBytes;
  }
}

/** Adds up the literals and matches of a block. */
function inflatedBytes(block: Buffer): number {
  let total = 0;
  for (let at = 0; at < block.length; ) {
    const token = block[at] ?? 0;
    const literals = lengthAt(block, at + 1, token >> 4);
    total += literals.length;
    at = literals.next + literals.length;
    if (at >= block.length) break;
    const match = lengthAt(block, at + 2, token & 15);
    total += match.length + 4;
    at = match.next;
  }
  return total;
}

function lengthAt(block: Buffer, from: number, nibble: number): { readonly length: number; readonly next: number } {
  let length = nibble;
  let next = from;
  for (let byte = nibble === 15 ? 255 : 0; byte === 255; next += 1) {
    byte = block[next] ?? 0;
    length += byte;
  }
  return { length, next };
}

function damaged(): UnreadableBatchError {
  return new UnreadableBatchError('its lz4 data are damaged');
}
