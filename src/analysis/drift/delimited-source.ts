import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import { TIME_NAMES } from '../../core/record-fields.ts';
import type { DriftSession, Settings } from './session.ts';
import {
  type Column,
  type Discovered,
  type Field,
  NOTHING_SKIPPED,
  RESERVED,
  type RowFilter,
  type RowSource,
  type Skipped,
} from './source.ts';
import { finiteOrNan, instantFromText, quoteName, quoteText } from './sql-text.ts';

/** A text table with a header line. */
export interface DelimitedFile {
  readonly label: string;
  readonly format: string;
  readonly header: string;
  readonly file: (format: string, structure: string) => string;
  readonly scratch: string;
}

/** Returns a source over CSV or TSV with a header; a column is numeric when every value in it reads as a number. */
export function delimitedSource(file: DelimitedFile): RowSource {
  return { label: file.label, discover: (session, filter) => discover({ session, filter, file }) };
}

/** What stands for a missing number; in text only an empty field and \N do. */
const MISSING_WORDS = ['', '\\N', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None'].map(quoteText).join(', ');

async function discover(options: {
  readonly session: DriftSession;
  readonly filter: RowFilter;
  readonly file: DelimitedFile;
}): Promise<Discovered> {
  const { session, filter, file } = options;
  const table = readHeader(file);
  const from = file.file(file.format, table.names.map((name) => `${quoteName(name)} Nullable(String)`).join(', '));
  const where = filterSql(filter, table.names);
  const rejects = join(file.scratch, `rejected-${file.label.replaceAll(/[^A-Za-z0-9]/g, '_')}.csv`);
  const settings = { ...table.settings, input_format_record_errors_file_path: rejects };
  const ts = timeSql(table.names);
  const ok = table.names.includes('status') ? "ifNull(status, 'ok') IN ('', 'ok')" : '1';
  const overview = await readOverview({ session, names: table.names, from, where, ts, settings });
  const skipped = await readSkipped({ session, rejects, scratch: file.scratch });
  if (overview.rows === 0) throw new UsageError(`${file.label} has no rows to compare.`);
  return {
    rows: overview.rows,
    firstMs: overview.firstMs,
    lastMs: overview.lastMs,
    fields: table.names.flatMap((name, index) => toField(name, overview.numeric[index] === true)),
    skipped,
    select: (wanted) => {
      const columns = wanted.map((column) => `${columnSql(column, table.names)} AS ${column.id}`);
      return `SELECT ${[`${ts} AS ts`, `${ok} AS ok`, ...columns].join(', ')} FROM ${from} WHERE ${where}`;
    },
    settings: table.settings,
  };
}

function readHeader(file: DelimitedFile): { readonly names: readonly string[]; readonly settings: Settings } {
  const tab = file.format === 'TSV';
  const delimiter = tab ? '\t' : file.header.includes(';') && !file.header.includes(',') ? ';' : ',';
  const names = splitHeader(file.header.replace(/^\uFEFF/, '').replace(/\r$/, ''), delimiter);
  if (new Set(names).size !== names.length || names.some((name) => name === '')) {
    throw new UsageError(`${file.label} needs a header line with a different name for each column.`);
  }
  const kind = tab ? 'tsv' : 'csv';
  return {
    names,
    settings: {
      [`input_format_${kind}_skip_first_lines`]: 1,
      ...(tab ? { input_format_tsv_crlf_end_of_line_supported: 1 } : { format_csv_delimiter: delimiter }),
      input_format_allow_errors_num: 1_000_000_000,
      input_format_allow_errors_ratio: 1,
      // Line numbers of skipped rows count from the start of what one thread reads.
      input_format_parallel_parsing: 0,
      enable_extended_results_for_datetime_functions: 1,
    },
  };
}

function splitHeader(header: string, delimiter: string): readonly string[] {
  const names: string[] = [];
  let current = '';
  let quoted = false;
  for (const character of header) {
    if (character === '"') quoted = !quoted;
    else if (character === delimiter && !quoted) {
      names.push(current.trim());
      current = '';
    } else current += character;
  }
  return [...names, current.trim()];
}

async function readOverview(input: {
  readonly session: DriftSession;
  readonly names: readonly string[];
  readonly from: string;
  readonly where: string;
  readonly ts: string;
  readonly settings: Settings;
}): Promise<{ rows: number; firstMs: number | null; lastMs: number | null; numeric: readonly boolean[] }> {
  const numeric = input.names.map((name) => {
    const value = quoteName(name);
    const given = `${value} IS NOT NULL AND trimBoth(${value}) NOT IN (${MISSING_WORDS})`;
    return `countIf(${given}) > 0 AND countIf(${given} AND toFloat64OrNull(trimBoth(${value})) IS NULL) = 0`;
  });
  const sql = `SELECT count() AS rows, toUnixTimestamp64Milli(min(instant)) AS first_ms, toUnixTimestamp64Milli(max(instant)) AS last_ms,
  [${numeric.join(', ')}] AS numeric FROM (SELECT *, ${input.ts} AS instant FROM ${input.from} WHERE ${input.where})`;
  const schema = z.object({
    rows: z.number(),
    first_ms: z.number().nullable(),
    last_ms: z.number().nullable(),
    numeric: z.array(z.number()),
  });
  const row = schema.parse((await input.session.rows('overview', sql, input.settings))[0]);
  return { rows: row.rows, firstMs: row.first_ms, lastMs: row.last_ms, numeric: row.numeric.map((flag) => flag === 1) };
}

async function readSkipped(input: {
  readonly session: DriftSession;
  readonly rejects: string;
  readonly scratch: string;
}): Promise<Skipped> {
  // A glob, so that a file that was never written is an empty table.
  const from = `file(${quoteText(input.rejects.replace(/\.csv$/, '*.csv'))}, 'CSV', 'at String, d Nullable(String), t Nullable(String), row UInt64, reason String, raw String')`;
  const sql = `SELECT count() AS count, min(row) + 1 AS first_line FROM ${from}`;
  const schema = z.object({ count: z.number(), first_line: z.number() });
  const row = schema.parse((await input.session.rows('skipped', sql))[0]);
  return row.count === 0 ? NOTHING_SKIPPED : { count: row.count, firstLine: row.first_line };
}

function toField(name: string, numeric: boolean): readonly Field[] {
  const storage = numeric ? 'number' : 'text';
  if (name === 'score' || name === 'prediction') return [{ name, role: name, storage }];
  if (name === 'segment') return [{ name, role: 'segment', storage: 'text' }];
  return RESERVED.has(name) ? [] : [{ name, role: 'feature', storage }];
}

function columnSql(column: Column, names: readonly string[]): string {
  if (!names.includes(column.name))
    return column.storage === 'number' ? 'toFloat64(nan)' : "CAST(NULL, 'Nullable(String)')";
  const value = quoteName(column.name);
  return column.storage === 'number'
    ? finiteOrNan(`toFloat64OrNull(trimBoth(ifNull(${value}, '')))`)
    : `nullIf(${value}, '')`;
}

function timeSql(names: readonly string[]): string {
  const name = TIME_NAMES.find((candidate) => names.includes(candidate));
  return name === undefined
    ? "CAST(NULL, 'Nullable(DateTime64(3, \\'UTC\\'))')"
    : `CAST(${instantFromText(`ifNull(${quoteName(name)}, '')`)}, 'Nullable(DateTime64(3, \\'UTC\\'))')`;
}

function filterSql(filter: RowFilter, names: readonly string[]): string {
  const wanted = [
    ['model', filter.model],
    ['version', filter.version],
  ] as const;
  const tests = wanted.flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (!names.includes(name)) throw new UsageError(`There is no column ${name} to select ${value} by.`);
    return [`ifNull(${quoteName(name)} = ${quoteText(value)}, 0)`];
  });
  return tests.length === 0 ? '1' : tests.join(' AND ');
}
