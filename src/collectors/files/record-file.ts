import { createReadStream } from 'node:fs';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UsageError } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import { recordSelect } from './record-select.ts';

/** A file of records as a stream of bytes that the HTTP intake understands. */
export interface RecordFile {
  readonly stream: Readable;
  readonly format: 'ndjson' | 'json';
}

/** The name that means standard input. */
export const STDIN = '-';

const TEXT_FORMATS: Readonly<Record<string, 'ndjson' | 'json'>> = { ndjson: 'ndjson', jsonl: 'ndjson', json: 'json' };
const TABLE_FORMATS: Readonly<Record<string, string>> = {
  csv: 'CSVWithNames',
  tsv: 'TSVWithNames',
  parquet: 'Parquet',
  arrow: 'Arrow',
  orc: 'ORC',
  avro: 'Avro',
};

/**
 * Opens a file of records, plain or gzip: NDJSON and JSON as they are, CSV, TSV, Parquet, Arrow, ORC and Avro turned into
 * records by the engine, one column a field and every column that is no field a feature. `-` is NDJSON on stdin.
 *
 * @throws E_USAGE when the format is not known or the file cannot be read as it
 */
export async function openRecordFile(options: {
  readonly file: string;
  readonly kind: 'predictions' | 'labels' | 'business' | 'events';
  readonly stdin: Readable;
  /** Makes an engine for table formats. */
  readonly engine: () => Promise<Store>;
  readonly onBytes: (bytes: number) => void;
}): Promise<RecordFile> {
  const { file, onBytes } = options;
  if (file === STDIN) return { stream: await unzippedIfGzip(options.stdin), format: 'ndjson' };
  const name = file.toLowerCase().replace(/\.gz$/, '');
  const extension = name.slice(name.lastIndexOf('.') + 1);
  const text = TEXT_FORMATS[extension];
  if (text !== undefined) {
    const counted = new PassThrough();
    counted.on('data', (chunk: Buffer) => onBytes(chunk.length));
    const source = createReadStream(file, { highWaterMark: 1_048_576 });
    const isZipped = file.toLowerCase().endsWith('.gz');
    const stream = isZipped ? pipeline(source, counted, createGunzip(), () => {}) : pipeline(source, counted, () => {});
    return { stream, format: text };
  }
  const table = TABLE_FORMATS[extension];
  if (table === undefined) {
    const known = [...Object.keys(TEXT_FORMATS), ...Object.keys(TABLE_FORMATS)].join(', ');
    throw new UsageError(`${file}: the extension .${extension} is not known; use ${known}, plain or with .gz.`);
  }
  const store = await options.engine();
  const sql = await recordSelect({ store, file, format: table, kind: options.kind });
  const stream = await store.readRaw({ name: 'convert_records', sql });
  return { stream: Readable.from(stream, { objectMode: false }), format: 'ndjson' };
}

/** Tells gzip by its first two bytes, because a stream has no name. */
async function unzippedIfGzip(input: Readable): Promise<Readable> {
  const head = await new Promise<unknown>((resolve, reject) => {
    input.once('error', reject);
    input.once('readable', () => {
      const chunk: unknown = input.read();
      if (chunk !== null) input.unshift(chunk);
      resolve(chunk);
    });
  });
  const isGzip = Buffer.isBuffer(head) && head[0] === 0x1f && head[1] === 0x8b;
  return isGzip ? pipeline(input, createGunzip(), () => {}) : input;
}
