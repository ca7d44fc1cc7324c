import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { openRecordFile } from '../collectors/files/record-file.ts';
import { JsonSplitter } from '../collectors/http/json-splitter.ts';
import { LineSplitter } from '../collectors/http/line-splitter.ts';
import { loadConfig } from '../config.ts';
import { systemClock } from '../core/clock.ts';
import { AppError, UsageError } from '../core/errors.ts';
import { retry } from '../core/retry.ts';
import type { RecordKind } from '../store/ingest/unit.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { createLogger } from './logger.ts';
import { linkService, type ServiceLink } from './service-link.ts';

export interface IngestOptions {
  readonly config: string | undefined;
  readonly type: RecordKind;
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly url: string | undefined;
  readonly rejects: string | undefined;
  readonly files: readonly string[];
}

const CHUNK_LINES = 25_000;
const CHUNK_BYTES = 24 * 1024 * 1024;
const IN_FLIGHT = 2;
const POLICY = { attempts: 8, baseMs: 200, capMs: 5000 } as const;

const answerSchema = z.object({
  accepted: z.number(),
  rejected: z.number(),
  errors: z.array(z.object({ line: z.number(), field: z.string(), reason: z.string() })),
});

interface Chunk {
  readonly lines: Buffer[];
  /** Line numbers in the file. */
  readonly numbers: number[];
  bytes: number;
}

/** Sends files of records to the service and prints how many were accepted and rejected. Returns the exit code. */
export async function runIngest(options: IngestOptions): Promise<number> {
  for (const file of options.files) {
    if (file !== '-' && !existsSync(file)) throw new UsageError(`${file} does not exist.`);
  }
  const config = loadConfig(options.config);
  const link = await linkService({ url: options.url, config, logger: createLogger('error') });
  const converter = new Converter();
  const session = new IngestSession(options, link);
  try {
    for (const file of options.files) await session.send(file, converter);
    await session.settle();
  } finally {
    await link.close();
    await converter.close();
  }
  process.stdout.write(`${JSON.stringify({ accepted: session.accepted, rejected: session.rejected })}\n`);
  return session.accepted === 0 && session.rejected > 0 ? 2 : 0;
}

/** One engine on a temporary folder for all files that are tables; started when the first one comes. */
class Converter {
  #opened: Promise<{ store: Store; close(): Promise<void> }> | undefined;

  async store(): Promise<Store> {
    this.#opened ??= this.#open();
    return (await this.#opened).store;
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined) await (await this.#opened).close();
  }

  async #open(): Promise<{ store: Store; close(): Promise<void> }> {
    const path = mkdtempSync(join(tmpdir(), 'plumbline-convert-'));
    const opened = await openStore({
      settings: { url: 'embedded', path, database: 'plumbline', username: '', password: '', port: 0, memoryBytes: 2_000_000_000, threads: 2 },
      attach: false,
      clock: systemClock,
      logger: pino({ level: 'silent' }),
      telemetry: new Telemetry(new Registry()),
    });
    return {
      store: opened.store,
      close: async () => {
        await opened.close();
        rmSync(path, { recursive: true, force: true });
      },
    };
  }
}

class IngestSession {
  accepted = 0;
  rejected = 0;
  readonly #options: IngestOptions;
  readonly #link: ServiceLink;
  readonly #running = new Set<Promise<void>>();
  readonly #rejects: NodeJS.WritableStream | undefined;
  #failure: unknown;

  constructor(options: IngestOptions, link: ServiceLink) {
    this.#options = options;
    this.#link = link;
    this.#rejects = options.rejects === undefined ? undefined : createWriteStream(options.rejects);
  }

  async send(file: string, converter: Converter): Promise<void> {
    const { type } = this.#options;
    const size = file === '-' ? undefined : statSync(file).size;
    let read = 0;
    const { stream, format } = await openRecordFile({
      file,
      kind: type,
      engine: () => converter.store(),
      onBytes: (bytes) => {
        read += bytes;
      },
    });
    const input = file === '-' ? await gunzipIfNeeded(stream) : stream;
    let chunk: Chunk = { lines: [], numbers: [], bytes: 0 };
    const full: Chunk[] = [];
    const sink = (line: Uint8Array, number: number): void => {
      chunk.lines.push(Buffer.from(line));
      chunk.numbers.push(number);
      chunk.bytes += line.length + 1;
      if (chunk.lines.length >= CHUNK_LINES || chunk.bytes >= CHUNK_BYTES) {
        full.push(chunk);
        chunk = { lines: [], numbers: [], bytes: 0 };
      }
    };
    const splitter = format === 'json' ? new JsonSplitter(sink) : new LineSplitter(sink);
    try {
      for await (const part of input) {
        splitter.push(Buffer.isBuffer(part) ? part : Buffer.from(String(part)));
        for (const ready of full.splice(0)) await this.#post(file, ready);
        this.#progress(file, read, size);
      }
    } catch (error) {
      if (error instanceof AppError) throw error;
      process.stderr.write(`${file}: the file ends early or cannot be read (${error instanceof Error ? error.message : String(error)}); what came before is kept.\n`);
    }
    splitter.end();
    if (chunk.lines.length > 0) full.push(chunk);
    for (const ready of full) await this.#post(file, ready);
    if (process.stderr.isTTY) process.stderr.write('\n');
  }

  async settle(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#rejects !== undefined) await new Promise<void>((done) => this.#rejects?.end(() => done()));
  }

  async #post(file: string, chunk: Chunk): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const sending: Promise<void> = this.#deliver(file, chunk)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#running.delete(sending));
    this.#running.add(sending);
    while (this.#running.size >= IN_FLIGHT) await Promise.race(this.#running);
  }

  async #deliver(file: string, chunk: Chunk): Promise<void> {
    const lines = chunk.lines.map((line) => this.#complete(line));
    const body = gzipSync(Buffer.concat(lines.flatMap((line) => [line, NEWLINE])), { level: 1 });
    const hash = createHash('sha256').update(this.#options.type);
    for (const line of lines) hash.update(line).update(NEWLINE);
    const key = `file-${hash.digest('hex')}`;
    const answer = await retry({
      action: () => this.#request(body, key),
      policy: POLICY,
      clock: systemClock,
      random: Math.random,
    });
    this.accepted += answer.accepted;
    this.rejected += answer.rejected;
    for (const { line, field, reason } of answer.errors) {
      const number = chunk.numbers[line - 1] ?? line;
      const text = chunk.lines[line - 1];
      if (this.#shown < SHOWN_ERRORS) process.stderr.write(`${file}:${number}: ${field === '' ? '' : `${field} `}${reason}\n`);
      this.#shown += 1;
      if (text !== undefined) this.#rejects?.write(Buffer.concat([text, NEWLINE]));
    }
  }

  #shown = 0;

  /** Adds the model and the version of the command line to records that name none. */
  #complete(line: Buffer): Buffer {
    const { model, version, type } = this.#options;
    const defaults = { ...(model === undefined ? {} : { model }), ...(version === undefined || type === 'labels' || type === 'business' ? {} : { version }) };
    if (Object.keys(defaults).length === 0) return line;
    let parsed: unknown;
    try {
      parsed = JSON.parse(line.toString('utf8'));
    } catch {
      return line;
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return line;
    const absent = Object.entries(defaults).filter(([name]) => !Object.hasOwn(parsed, name));
    if (absent.length === 0) return line;
    const text = line.toString('utf8');
    const start = text.indexOf('{') + 1;
    const rest = text.slice(start);
    const comma = rest.trimStart().startsWith('}') ? '' : ',';
    return Buffer.from(`${text.slice(0, start)}${JSON.stringify(Object.fromEntries(absent)).slice(1, -1)}${comma}${rest}`);
  }

  async #request(body: Buffer, key: string): Promise<z.infer<typeof answerSchema>> {
    let response: Response;
    try {
      response = await fetch(`${this.#link.url}/v1/${this.#options.type}?max_errors=${this.#rejects === undefined ? 20 : 1_000_000}`, {
        method: 'POST',
        headers: { ...this.#link.headers, 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip', 'idempotency-key': key },
        body: new Uint8Array(body),
        signal: AbortSignal.timeout(300_000),
      });
    } catch (error) {
      throw new AppError('E_UNREACHABLE', `${this.#link.url} does not answer`, { retryable: true, cause: error });
    }
    const text = await response.text();
    const parsed = answerSchema.safeParse(parseJson(text));
    if (parsed.success && (response.ok || response.status === 400)) return parsed.data;
    throw new AppError('E_REFUSED', `${this.#link.url} answered ${response.status}: ${text.slice(0, 300)}`, {
      retryable: response.status === 429 || response.status >= 500,
    });
  }

  #progress(file: string, read: number, size: number | undefined): void {
    if (!process.stderr.isTTY || size === undefined || size === 0) return;
    const share = Math.min(1, read / size);
    const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '░');
    process.stderr.write(`\r${file} ${bar} ${(share * 100).toFixed(0)} %  ${(this.accepted + this.rejected).toLocaleString('en-US')} records`);
  }
}

const NEWLINE = Buffer.from('\n');
const SHOWN_ERRORS = 20;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Tells gzip on stdin by its first two bytes. */
async function gunzipIfNeeded(stream: NodeJS.ReadableStream): Promise<AsyncIterable<unknown>> {
  const iterator = stream[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? undefined : first.value;
  async function* whole(): AsyncGenerator<unknown> {
    if (head !== undefined) yield head;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  if (!Buffer.isBuffer(head) || head[0] !== 0x1f || head[1] !== 0x8b) return whole();
  const { Readable } = await import('node:stream');
  return Readable.from(whole()).pipe(createGunzip());
}
