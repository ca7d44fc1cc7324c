import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { AppError, UsageError } from '../../core/errors.ts';
import { delimitedSource } from './delimited-source.ts';
import { type FileFormat, fileFormat } from './file-format.ts';
import { jsonSource } from './json-source.ts';
import type { DriftSession } from './session.ts';
import type { Discovered, RowFilter, RowSource } from './source.ts';
import { quoteText } from './sql-text.ts';
import { typedSource } from './typed-source.ts';

/**
 * Returns a source over a file in any format ClickHouse reads, told by its name; the engine must see the same files.
 *
 * @param options.scratch  Folder for what the engine notes about unreadable lines.
 * @throws UsageError  when the file is absent or its format is not known
 */
export function fileSource(options: { readonly path: string; readonly scratch: string }): RowSource {
  const path = resolve(options.path);
  if (!existsSync(path) || !statSync(path).isFile()) throw new UsageError(`Cannot read ${options.path}: no such file.`);
  if (statSync(path).size === 0) throw new UsageError(`${options.path} is empty.`);
  const format = fileFormat(path);
  const discover = async (session: DriftSession, filter: RowFilter): Promise<Discovered> => {
    try {
      const source = await openFile({ session, path, label: options.path, format, scratch: options.scratch });
      return await source.discover(session, filter);
    } catch (error) {
      if (error instanceof UsageError || !(error instanceof AppError) || error.retryable) throw error;
      throw new UsageError(`Cannot read ${options.path} as ${format.format}: ${firstSentence(error.message)}`, {
        cause: error,
      });
    }
  };
  return { label: options.path, discover };
}

const lineSchema = z.object({ line: z.string() });

async function openFile(options: {
  readonly session: DriftSession;
  readonly path: string;
  readonly label: string;
  readonly format: FileFormat;
  readonly scratch: string;
}): Promise<RowSource> {
  const { session, path, label, format, scratch } = options;
  const file = (as: string, structure: string): string =>
    `file(${[path, as, structure, format.compression].map(quoteText).join(', ')})`;
  if (format.shape === 'typed') return typedSource({ label, from: file(format.format, 'auto') });
  const first = await firstLine(session, file('LineAsString', 'auto'));
  if (format.shape === 'delimited')
    return delimitedSource({ label, format: format.format, header: first, file, scratch });
  const byLine = format.shape === 'json-lines' || isObject(first);
  return jsonSource({
    label,
    from: file(byLine ? 'LineAsString' : 'JSONAsString', byLine ? 'line String' : 'line String'),
    numbered: byLine,
  });
}

async function firstLine(session: DriftSession, from: string): Promise<string> {
  const sql = `SELECT line FROM ${from} WHERE trimBoth(line) != '' LIMIT 1`;
  const row = (await session.rows('first_line', sql, { max_threads: 1 }))[0];
  return row === undefined ? '' : lineSchema.parse(row).line;
}

function isObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

function firstSentence(message: string): string {
  return message
    .replace(/^ClickHouse refused [^:]*: /, '')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 300);
}
