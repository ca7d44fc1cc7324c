import { UsageError } from '../../core/errors.ts';

/** How a file is read. */
export interface FileFormat {
  readonly shape: 'json-lines' | 'json' | 'delimited' | 'typed';
  /** ClickHouse's name of the format. */
  readonly format: string;
  /** ClickHouse's name of the compression. */
  readonly compression: string;
}

/**
 * Returns the format of a file by its name: the extension before the compression's.
 *
 * @throws UsageError  for an extension that is not known
 */
export function fileFormat(path: string): FileFormat {
  const parts = (path.split('/').at(-1) ?? '').toLowerCase().split('.').slice(1);
  const packed = COMPRESSIONS.get(parts.at(-1) ?? '');
  const extension = (packed === undefined ? parts.at(-1) : parts.at(-2)) ?? '';
  const known = FORMATS.get(extension);
  if (known === undefined) {
    const list = [...FORMATS.keys()].map((name) => `.${name}`).join(' ');
    throw new UsageError(
      `The format of ${path} is not known; its name must end in one of ${list}, optionally with ${SUFFIXES}.`,
    );
  }
  return { ...known, compression: packed ?? 'none' };
}

const COMPRESSIONS = new Map([
  ['gz', 'gzip'],
  ['zst', 'zstd'],
  ['xz', 'xz'],
  ['br', 'brotli'],
  ['bz2', 'bz2'],
  ['lz4', 'lz4'],
]);
const SUFFIXES = [...COMPRESSIONS.keys()].map((name) => `.${name}`).join(' ');

const FORMATS = new Map<string, Omit<FileFormat, 'compression'>>([
  ['ndjson', { shape: 'json-lines', format: 'LineAsString' }],
  ['jsonl', { shape: 'json-lines', format: 'LineAsString' }],
  ['json', { shape: 'json', format: 'JSONAsString' }],
  ['csv', { shape: 'delimited', format: 'CSV' }],
  ['tsv', { shape: 'delimited', format: 'TSV' }],
  ['parquet', { shape: 'typed', format: 'Parquet' }],
  ['arrow', { shape: 'typed', format: 'Arrow' }],
  ['feather', { shape: 'typed', format: 'Arrow' }],
  ['orc', { shape: 'typed', format: 'ORC' }],
  ['avro', { shape: 'typed', format: 'Avro' }],
  ['native', { shape: 'typed', format: 'Native' }],
]);
