import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BodyEncodingError } from './body-encoding-error.ts';
import { BodyTooLargeError } from './intake.ts';
import { unzstd } from './unzstd.ts';

const gunzipAll = promisify(gunzip);

/**
 * Returns a body that is held in memory without its Content-Encoding: nothing, gzip or zstd.
 *
 * @throws BodyEncodingError, BodyTooLargeError
 */
export async function unzipBody(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return body;
  if (name === 'gzip' || name === 'x-gzip') return unzipped(body, maxBytes);
  if (name !== 'zstd') throw new BodyEncodingError('the Content-Encoding is not known; gzip and zstd are');
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of unzstd([body])) {
    bytes += part.length;
    if (bytes > maxBytes) throw new BodyTooLargeError(maxBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function unzipped(body: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await gunzipAll(body, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    if (tooLarge) throw new BodyTooLargeError(maxBytes);
    throw new BodyEncodingError('the body is not valid gzip', { cause: error });
  }
}
