import { unzstd } from '../../http/unzstd.ts';
import { tooLarge, UnreadableBatchError } from './unreadable-batch.ts';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const LARGEST_BLOCK = 128 * 1024;
/** Beyond that the clients of Kafka refuse a frame, and so does zstd itself. */
const LARGEST_WINDOW = 128 * 1024 * 1024;

/**
 * Checks what frames of Zstandard inflate to: roughly by the headers of their blocks and, when that may be too much,
 * exactly, block by block.
 *
 * @throws UnreadableBatchError when it is more than `maxBytes` or a frame is damaged
 * @see https://www.rfc-editor.org/rfc/rfc8878
 */
export async function checkZstd(bytes: Buffer, maxBytes: number): Promise<void> {
  let at = 0;
  let most = 0;
  while (at < bytes.length && most <= maxBytes) {
    const magic = read(bytes, at, 4);
    if (magic - (magic % 16) === SKIPPABLE) {
      at += 8 + read(bytes, at + 4, 4);
    } else {
      if (magic !== MAGIC) throw damaged();
      const frame = measure(bytes, at);
      at = frame.end;
      most += frame.most;
    }
  }
  if (most <= maxBytes) return;
  let exact = 0;
  for await (const part of unzstd([bytes], LARGEST_WINDOW)) {
    exact += part.length;
    if (exact > maxBytes) throw tooLarge(maxBytes);
  }
}

/** Returns where a frame ends, and the most that its blocks can hold. */
function measure(bytes: Buffer, start: number): { readonly end: number; readonly most: number } {
  const flags = read(bytes, start + 4, 1);
  const isSingleSegment = (flags & 0x20) !== 0;
  const sizeCode = flags >> 6;
  const sizeBytes = sizeCode === 0 ? Number(isSingleSegment) : 2 ** sizeCode;
  let at = start + 5 + Number(!isSingleSegment) + ([0, 1, 2, 4][flags & 3] ?? 0) + sizeBytes;
  let most = 0;
  for (let isLast = false; !isLast; ) {
    const header = read(bytes, at, 3);
    isLast = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (kind === 3) throw damaged();
    most += kind === 2 ? LARGEST_BLOCK : size;
    at += 3 + (kind === 1 ? 1 : size);
  }
  return { end: at + ((flags & 4) === 0 ? 0 : 4), most };
}

function read(bytes: Buffer, at: number, length: number): number {
  if (at + length > bytes.length) throw damaged();
  return bytes.readUIntLE(at, length);
}

function damaged(): UnreadableBatchError {
  return new UnreadableBatchError('its zstd data are damaged');
}
