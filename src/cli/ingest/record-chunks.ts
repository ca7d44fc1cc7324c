import type { Readable } from 'node:stream';
import { JsonSplitter } from '../../collectors/http/json-splitter.ts';
import { LineSplitter } from '../../collectors/http/line-splitter.ts';
import { AppError, describeError } from '../../core/errors.ts';

/** Some records of a file, sent in one request. Its lines alone decide where a chunk ends, so that a file sent again makes the same chunks. */
export interface RecordChunk {
  readonly lines: readonly Buffer[];
  /** Where in the file each line is, counted from 1. */
  readonly numbers: readonly number[];
}

const CHUNK_LINES = 25_000;
const CHUNK_BYTES = 24 * 1024 * 1024;

/**
 * Cuts a stream of records into chunks. A stream that breaks off ends the chunks; `onBroken` is told why.
 *
 * @throws AppError of the stream, when it is one of ours
 */
export async function* readChunks(options: {
  readonly stream: Readable;
  readonly format: 'ndjson' | 'json';
  readonly onBroken: (reason: string) => void;
}): AsyncGenerator<RecordChunk> {
  const full: RecordChunk[] = [];
  let lines: Buffer[] = [];
  let numbers: number[] = [];
  let bytes = 0;
  const close = (): void => {
    if (lines.length > 0) full.push({ lines, numbers });
    lines = [];
    numbers = [];
    bytes = 0;
  };
  const sink = (line: Uint8Array, number: number): void => {
    lines.push(Buffer.from(line));
    numbers.push(number);
    bytes += line.length + 1;
    if (lines.length >= CHUNK_LINES || bytes >= CHUNK_BYTES) close();
  };
  const splitter = options.format === 'json' ? new JsonSplitter(sink) : new LineSplitter(sink);
  try {
    for await (const part of options.stream) {
      splitter.push(Buffer.isBuffer(part) ? part : Buffer.from(String(part)));
      yield* full.splice(0);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    options.onBroken(describeError(error));
  }
  splitter.end();
  close();
  yield* full;
}
