import { tooLarge, UnreadableBatchError } from './unreadable-batch.ts';

const FRAMED = Buffer.from('\x82SNAPPY\0', 'latin1');
const FRAME_HEADER_BYTES = 16;

/**
 * Returns the blocks of snappy data, framed as Java does it or bare, after it has checked that each inflates to what it
 * says: the decoder believes them.
 *
 * @throws UnreadableBatchError when they are damaged, or more than `maxBytes` together
 * @see https://github.com/google/snappy/blob/main/format_description.txt, https://github.com/xerial/snappy-java
 */
export function snappyBlocks(bytes: Buffer, maxBytes: number): readonly Buffer[] {
  const blocks = bytes.subarray(0, FRAMED.length).equals(FRAMED) ? split(bytes) : [bytes];
  let total = 0;
  for (const block of blocks) {
    const { length, next } = announced(block);
    total += length;
    if (total > maxBytes) throw tooLarge(maxBytes);
    if (inflatedBytes(block, next) !== length) throw damaged();
  }
  return blocks;
}

function split(bytes: Buffer): readonly Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = FRAME_HEADER_BYTES; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw damaged();
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw damaged();
    blocks.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return blocks;
}

function announced(block: Buffer): { readonly length: number; readonly next: number } {
  let length = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = block[index];
    if (byte === undefined) throw damaged();
    length += (byte & 127) * 2 ** (7 * index);
    if (byte < 128) return { length, next: index + 1 };
  }
  throw damaged();
}

/** Adds up the literals and copies of a block. */
function inflatedBytes(block: Buffer, from: number): number {
  let total = 0;
  for (let at = from; at < block.length; ) {
    const tag = block[at] ?? 0;
    const kind = tag & 3;
    const code = tag >> 2;
    if (kind === 0) {
      const sizeBytes = Math.max(0, code - 59);
      if (at + 1 + sizeBytes > block.length) throw damaged();
      const length = 1 + (sizeBytes === 0 ? code : block.readUIntLE(at + 1, sizeBytes));
      at += 1 + sizeBytes + length;
      total += length;
    } else {
      at += [1, 2, 3, 5][kind] ?? 1;
      total += kind === 1 ? 4 + (code & 7) : 1 + code;
    }
    if (at > block.length) throw damaged();
  }
  return total;
}

function damaged(): UnreadableBatchError {
  return new UnreadableBatchError('its snappy data are damaged');
}
