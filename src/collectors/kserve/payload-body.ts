import { gunzipSync } from 'node:zlib';
import type { EventData } from '../cloudevents/cloud-event.ts';

export type PayloadBody =
  | {
      readonly kind: 'json';
      readonly value: unknown;
      /** Raw tensors behind the JSON, of Triton's binary extension. */
      readonly tensors: Buffer;
    }
  /** Server-sent events in one piece: the call went well, but there is no single answer to read. */
  | { readonly kind: 'stream' }
  | { readonly kind: 'unreadable'; readonly reason: string };

const NO_BYTES = Buffer.alloc(0);
const OPEN = 123;
const CLOSE = 125;
const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Reads the data of a payload event: JSON, gzipped or not, with or without binary tensors behind it.
 *
 * @param jsonBytes value of `Inference-Header-Content-Length`, when the logger passed it on
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
 */
export function readPayloadBody(data: EventData, maxBytes: number, jsonBytes?: number): PayloadBody {
  if (data.sizeBytes > maxBytes) return { kind: 'unreadable', reason: `is larger than ${maxBytes} bytes` };
  if (data.kind === 'json') return { kind: 'json', value: data.value, tensors: NO_BYTES };
  const bytes = data.bytes[0] === 0x1f && data.bytes[1] === 0x8b ? unzipped(data.bytes, maxBytes) : data.bytes;
  if (!Buffer.isBuffer(bytes)) return bytes;
  if (bytes.length === 0) return { kind: 'unreadable', reason: 'is empty' };
  if (bytes.subarray(0, 5).toString('latin1') === 'data:' || bytes.subarray(0, 6).toString('latin1') === 'event:') {
    return { kind: 'stream' };
  }
  const whole = jsonBytes === undefined ? parseJson(bytes) : undefined;
  if (whole !== undefined) return { kind: 'json', value: whole, tensors: NO_BYTES };
  const end = jsonBytes ?? endOfObject(bytes);
  const head = end > 0 && end <= bytes.length ? parseJson(bytes.subarray(0, end)) : undefined;
  if (head === undefined) return { kind: 'unreadable', reason: 'is not JSON' };
  return { kind: 'json', value: head, tensors: bytes.subarray(end) };
}

function unzipped(bytes: Buffer, maxBytes: number): Buffer | PayloadBody {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return { kind: 'unreadable', reason: tooLarge ? `is larger than ${maxBytes} bytes` : 'is not valid gzip' };
  }
}

/** JSON has no undefined, so that means unreadable. Python servers write NaN and Infinity, which JSON has not. */
function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    if (!/NaN|Infinity/.test(text)) return undefined;
  }
  try {
    return JSON.parse(
      text.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"|NaN|-?Infinity/g, (token) => (token.startsWith('"') ? token : 'null')),
    );
  } catch {
    return undefined;
  }
}

/** Returns where the JSON object at the start ends, or 0. */
function endOfObject(bytes: Buffer): number {
  if (bytes[0] !== OPEN) return 0;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return 0;
}
