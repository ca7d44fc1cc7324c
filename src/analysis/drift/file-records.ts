import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Store } from '../../store/store.ts';
import { fileSource } from './file-source.ts';
import { DriftSession } from './session.ts';
import type { Column, FieldRole, RowFilter, Skipped } from './source.ts';
import { quoteName, quoteText } from './sql-text.ts';

/**
 * Reads a file in any format as records of predictions, one JSON object a line, with the fields and kinds that comparing
 * the file would see.
 *
 * @param options.scratch  Folder for what the engine notes about unreadable lines.
 * @throws UsageError  when the file cannot be read
 */
export async function fileRecords(options: {
  readonly store: Store;
  readonly path: string;
  readonly scratch: string;
  readonly filter: RowFilter;
}): Promise<{ readonly stream: Readable; readonly skipped: Skipped }> {
  const { store, path, filter } = options;
  const scratch = join(options.scratch, 'file');
  mkdirSync(scratch);
  const found = await fileSource({ path, scratch }).discover(new DriftSession(store), filter);
  const columns = found.fields
    .filter(({ name }) => name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES)
    .map((field, index) => ({ ...field, id: `c${index}` }));
  const sql = `SELECT toFloat64(toUnixTimestamp64Milli(ts)) AS ts, if(ok, 'ok', 'error') AS status${parts(columns)} FROM (
${found.select(columns)}) FORMAT JSONEachRow`;
  return {
    stream: await store.readRaw({ name: 'file_records', sql, settings: { ...found.settings } }),
    skipped: found.skipped,
  };
}

const MAX_NAME_BYTES = 256;

function parts(columns: readonly Column[]): string {
  const of = (role: FieldRole): readonly Column[] => columns.filter((column) => column.role === role);
  const objects = [tuple('features', of('feature')), tuple('segments', of('segment'))];
  const outputs = [...of('score'), ...of('prediction')].map(
    (column) => `${valueSql(column)} AS ${quoteName(column.role)}`,
  );
  return [...objects.flat(), ...outputs].map((part) => `, ${part}`).join('');
}

function tuple(name: string, columns: readonly Column[]): readonly string[] {
  if (columns.length === 0) return [];
  const types = columns.map(
    (column) => `${quoteName(column.name)} Nullable(${column.storage === 'number' ? 'Float64' : 'String'})`,
  );
  const values = columns.map(valueSql).join(', ');
  return [`CAST(tuple(${values}), ${quoteText(`Tuple(${types.join(', ')})`)}) AS ${name}`];
}

function valueSql({ id, storage }: Column): string {
  return storage === 'number' ? `if(isFinite(${id}), ${id}, NULL)` : id;
}
