import { existsSync, statSync } from 'node:fs';
import { openRecordFile, STDIN } from '../collectors/files/record-file.ts';
import { loadConfig } from '../config.ts';
import { UsageError } from '../core/errors.ts';
import type { RecordKind } from '../store/ingest/unit.ts';
import { type Defaults, withDefaults } from './ingest/default-fields.ts';
import { ProgressBar } from './ingest/progress-bar.ts';
import { type RecordChunk, readChunks } from './ingest/record-chunks.ts';
import { RecordSender } from './ingest/record-sender.ts';
import { Rejects } from './ingest/rejects.ts';
import { TableReader } from './ingest/table-reader.ts';
import { createLogger } from './logger.ts';
import { linkService } from './service-link.ts';

export interface IngestOptions {
  readonly config: string | undefined;
  readonly type: RecordKind;
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly url: string | undefined;
  readonly rejects: string | undefined;
  readonly files: readonly string[];
}

/** Chunks on their way at once: one is sent while the next is read. */
const IN_FLIGHT = 2;

/**
 * Sends files of records to the service and prints how many were accepted and rejected.
 *
 * @returns 0; 2 when no record was accepted, or when a file could not be read to its end
 * @throws E_USAGE, E_UNREACHABLE, E_REFUSED
 */
export async function runIngest(options: IngestOptions): Promise<number> {
  const { files, type, url } = options;
  for (const file of files) {
    if (file !== STDIN && !existsSync(file)) throw new UsageError(`${file} does not exist.`);
  }
  const link = await linkService({ url, config: loadConfig(options.config), logger: createLogger('error') });
  const tables = new TableReader();
  const rejects = new Rejects({ file: options.rejects, stderr: process.stderr });
  const sender = new RecordSender({ link, kind: type, allErrors: options.rejects !== undefined });
  const totals = { accepted: 0, rejected: 0 };
  let complete = true;
  try {
    for (const file of files) {
      const whole = await sendFile(file, { options, tables, rejects, sender, totals });
      complete &&= whole;
    }
  } finally {
    await link.close();
    await tables.close();
    await rejects.close();
  }
  process.stdout.write(`${JSON.stringify(totals)}\n`);
  return complete && !(totals.accepted === 0 && totals.rejected > 0) ? 0 : 2;
}

interface Session {
  readonly options: IngestOptions;
  readonly tables: TableReader;
  readonly rejects: Rejects;
  readonly sender: RecordSender;
  readonly totals: { accepted: number; rejected: number };
}

/** Sends one file and returns whether it could be read to its end. */
async function sendFile(file: string, session: Session): Promise<boolean> {
  const { options, tables, totals } = session;
  const bar = new ProgressBar({
    title: file,
    totalBytes: file === STDIN ? undefined : statSync(file).size,
    stderr: process.stderr,
  });
  const { stream, format } = await openRecordFile({
    file,
    kind: options.type,
    stdin: process.stdin,
    engine: () => tables.store(),
    onBytes: (bytes) => bar.advance(bytes),
  });
  let broken: string | undefined;
  const onBroken = (reason: string): void => {
    broken = reason;
  };
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const chunk of readChunks({ stream, format, onBroken })) {
    const sending: Promise<void> = sendChunk(file, chunk, session)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(sending));
    running.add(sending);
    while (running.size >= IN_FLIGHT) await Promise.race(running);
    if (failure !== undefined) break;
    bar.show(totals.accepted + totals.rejected);
  }
  await Promise.all(running);
  bar.end();
  // An input left in the middle would keep the process alive.
  stream.destroy();
  if (failure !== undefined) throw failure.error;
  if (broken === undefined) return true;
  process.stderr.write(`${file}: the file ends early or cannot be read (${broken}); what came before is kept.\n`);
  return false;
}

async function sendChunk(file: string, chunk: RecordChunk, session: Session): Promise<void> {
  const { options, sender, rejects, totals } = session;
  const defaults: Defaults = { model: options.model, version: hasVersion(options.type) ? options.version : undefined };
  const lines = chunk.lines.map((line) => withDefaults(line, defaults));
  const answer = await sender.send(lines);
  totals.accepted += answer.accepted;
  totals.rejected += answer.rejected;
  rejects.add({ file, chunk, errors: answer.errors });
}

function hasVersion(kind: RecordKind): boolean {
  return kind === 'predictions' || kind === 'events';
}
