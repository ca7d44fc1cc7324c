import { uncompress } from 'snappyjs';
import { describeError } from '../../../core/errors.ts';

export type Uncompressed =
  | { readonly ok: true; readonly raw: Uint8Array }
  | { readonly ok: false; readonly tooLarge: boolean; readonly reason: string };

/** A copy of three bytes stands for 64: nothing honest swells more. */
const MAX_RATIO = 22;
const MAX_LENGTH_BYTES = 5;

/**
 * Uncompresses a snappy block. Its length is read from the beginning and checked before memory is taken: against
 * `maxBytes`, and against what the block can hold at all.
 *
 * @see google/snappy format_description.txt
 */
export function uncompressSnappy(block: Uint8Array, maxBytes: number): Uncompressed {
  const length = lengthOf(block);
  if (length === undefined) return { ok: false, tooLarge: false, reason: 'is no snappy block' };
  if (length > maxBytes) {
    return { ok: false, tooLarge: true, reason: `holds ${length} bytes uncompressed, more than ${maxBytes}` };
  }
  if (length > block.length * MAX_RATIO) return { ok: false, tooLarge: false, reason: 'is no snappy block: cut off' };
  if (length === 0) return { ok: true, raw: new Uint8Array(0) };
  try {
    return { ok: true, raw: uncompress(block, maxBytes) };
  } catch (error) {
    return { ok: false, tooLarge: false, reason: `is no snappy block: ${describeError(error)}` };
  }
}

function lengthOf(block: Uint8Array): number | undefined {
  let length = 0;
  for (let at = 0; at < MAX_LENGTH_BYTES; at += 1) {
    const byte = block[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length;
  }
  return undefined;
}
