import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { BatchWriter } from '../../store/ingest/batch-writer.ts';
import type { UnitOutcome } from '../../store/ingest/unit-outcome.ts';
import { type IngestUnit, type RecordKind, UnitBuilder } from '../../store/ingest/unit.ts';
import type { LineError } from '../../store/ingest/unit-outcome.ts';
import { BodyEncodingError } from './body-encoding-error.ts';
import { JsonSplitter } from './json-splitter.ts';
import { LineSplitter, type Splitter } from './line-splitter.ts';
import { unzstd } from './unzstd.ts';

/** How a body is compressed. */
export type BodyEncoding = 'identity' | 'gzip' | 'zstd';

export interface IntakeResult {
  readonly accepted: number;
  readonly rejected: number;
  /** The first 20 rejected lines. */
  readonly errors: readonly LineError[];
  /** No record could be read at all: the body is empty, no JSON, or not what its encoding says. */
  readonly unreadable: boolean;
  readonly receipts: readonly string[];
}

export interface IntakeLimits {
  /** Bytes of the body after decompression. */
  readonly bodyBytes: number;
  readonly unitRows: number;
  readonly unitBytes: number;
  /** Units of one body on their way at once. */
  readonly concurrentUnits: number;
}

export const DEFAULT_INTAKE_LIMITS: IntakeLimits = {
  bodyBytes: 4 * 1024 ** 3,
  unitRows: 25_000,
  unitBytes: 12 * 1024 * 1024,
  concurrentUnits: 4,
};

/** The body is larger than allowed after decompression. */
export class BodyTooLargeError extends AppError {
  constructor(limitBytes: number) {
    super('E_BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`);
  }
}

/**
 * Streams a body of records into the store: cut into lines, framed, batched, parsed by the engine. Good lines are
 * stored whatever the others are; memory does not grow with the body.
 *
 * @throws BodyTooLargeError, OverloadedError, E_STORE
 */
export async function takeIn(options: {
  readonly body: Readable;
  readonly kind: RecordKind;
  readonly format: 'ndjson' | 'json';
  readonly encoding: BodyEncoding;
  /** Names the request: the same key counts once. */
  readonly key: string | undefined;
  readonly writer: Pick<BatchWriter, 'submit'>;
  readonly clock: Clock;
  readonly limits?: Partial<IntakeLimits>;
}): Promise<IntakeResult> {
  const limits = { ...DEFAULT_INTAKE_LIMITS, ...options.limits };
  const builder = new UnitBuilder(options.kind, options.clock.now());
  const running = new Set<Promise<UnitOutcome>>();
  const finished: Promise<UnitOutcome>[] = [];
  const receipts: string[] = [];
  let failure: { readonly error: unknown } | undefined;
  let units = 0;
  const send = (): void => {
    if (builder.rows === 0) return;
    const unit: IngestUnit = builder.finish(options.key === undefined ? undefined : `${options.key}\n${units}`);
    units += 1;
    receipts.push(unit.receipt);
    const outcome = options.writer.submit(unit);
    finished.push(outcome);
    running.add(outcome);
    outcome.then(
      () => running.delete(outcome),
      (error: unknown) => {
        failure ??= { error };
        running.delete(outcome);
      },
    );
  };
  const sink = (line: Uint8Array, lineNumber: number, fullBytes: number): void => {
    builder.add(line, lineNumber, fullBytes);
    if (builder.rows >= limits.unitRows || builder.bytes >= limits.unitBytes) send();
  };
  const splitter: Splitter = options.format === 'json' ? new JsonSplitter(sink) : new LineSplitter(sink);
  const brokenAt = await readBody(options.body, options.encoding, limits.bodyBytes, async (chunk) => {
    splitter.push(chunk);
    while (running.size >= limits.concurrentUnits && failure === undefined) await Promise.race(running);
    if (failure !== undefined) throw failure.error;
  });
  splitter.end();
  send();
  const outcomes = await Promise.all(finished);
  return summarise(outcomes, receipts, brokenAt);
}

/**
 * Reads the body and returns why the encoding broke off, or undefined when it was read to its end. However that goes,
 * the rest of the body flows away unread: many clients look at the answer only when they have sent everything.
 */
async function readBody(
  body: Readable,
  encoding: BodyEncoding,
  limitBytes: number,
  take: (chunk: Buffer) => Promise<void>,
): Promise<string | undefined> {
  const source = encoding === 'gzip' ? unzipped(body) : body;
  const received = source.iterator({ destroyOnReturn: false });
  let bytes = 0;
  try {
    for await (const chunk of encoding === 'zstd' ? unzstd(received) : received) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes > limitBytes) throw new BodyTooLargeError(limitBytes);
      await take(chunk);
    }
    return undefined;
  } catch (error) {
    const reason = encodingFault(error);
    if (encoding === 'identity' || reason === undefined) throw error;
    return reason;
  } finally {
    // While an iterator listens, the rest of the body would not flow.
    await received.return?.();
    body.unpipe();
    if (source !== body) source.destroy();
    body.resume();
  }
}

function encodingFault(error: unknown): string | undefined {
  if (error instanceof BodyEncodingError) return error.message;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (!error.code.startsWith('Z_')) return undefined;
  return error.code === 'Z_BUF_ERROR' ? 'the gzip body ends early' : 'the body is not valid gzip';
}

function unzipped(body: Readable): Readable {
  const gunzip = createGunzip();
  // A lost connection must not look like the end of the body.
  body.on('error', (error) => gunzip.destroy(error));
  body.on('close', () => {
    if (!body.readableEnded) gunzip.destroy(new Error('The connection was lost.'));
  });
  return body.pipe(gunzip);
}

function summarise(
  outcomes: readonly UnitOutcome[],
  receipts: readonly string[],
  brokenAt: string | undefined,
): IntakeResult {
  let accepted = 0;
  let rejected = 0;
  const errors: LineError[] = [];
  for (const outcome of outcomes) {
    accepted += outcome.accepted;
    rejected += outcome.rejected;
    errors.push(...outcome.errors);
  }
  if (brokenAt !== undefined) {
    if (errors.length === 20) errors.pop();
    errors.push({ line: accepted + rejected, field: '', reason: brokenAt });
  }
  const nothingRead = errors.every((error) => error.reason === 'is not valid JSON' || error.reason === brokenAt);
  return {
    accepted,
    rejected,
    errors: errors.slice(0, 20),
    unreadable: accepted === 0 && nothingRead,
    receipts,
  };
}
