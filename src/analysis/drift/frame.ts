import { UsageError } from '../../core/errors.ts';
import type { DriftSession } from './session.ts';
import type { Column, Discovered, Field, RowFilter, RowSource, Skipped } from './source.ts';
import { quoteName } from './sql-text.ts';
import { referenceUnit, type WindowUnit, windowKeySql } from './windows.ts';

/** Rows of both sides in one wide table: side 0 is the reference, 1 the current rows; key is the window. */
export interface Frame {
  /** Quoted name of the table: side UInt8, key Int32, ts, segment, then one column a feature. */
  readonly table: string;
  readonly columns: readonly Column[];
  /** The score, else the prediction; undefined when neither has values in the reference. */
  readonly prediction: Column | undefined;
  readonly segmented: boolean;
  /** Kept in memory: read faster, but rows have no numbers of their own. */
  readonly inMemory: boolean;
  readonly unit: WindowUnit;
  readonly referenceUnit: WindowUnit;
  readonly skipped: readonly { readonly label: string; readonly skipped: Skipped }[];
}

export interface FrameOptions {
  readonly session: DriftSession;
  readonly table: string;
  readonly reference: RowSource;
  readonly current: RowSource;
  readonly referenceFilter: RowFilter;
  readonly currentFilter: RowFilter;
  readonly window: WindowUnit;
  /** Segment or feature by whose values the comparison is split. */
  readonly segment?: string;
  /** Bytes up to which the rows are kept in the engine's memory; all are on disk when absent. */
  readonly memoryBytes?: number;
}

/**
 * Reads both sides into a wide table that the statements of a comparison share; drop it with `dropFrame`.
 *
 * A feature is read as a number when the reference holds nothing but numbers in it, else as text.
 *
 * @throws UsageError  when a side has no rows or no feature is in both
 */
export async function createFrame(options: FrameOptions): Promise<Frame> {
  const { session, window } = options;
  const reference = await options.reference.discover(session, options.referenceFilter);
  const current = await options.current.discover(session, options.currentFilter);
  if (window !== 'all' && current.firstMs === null) {
    throw new UsageError(
      `${options.current.label} has no times, so it cannot be split by ${window}; use --window all.`,
    );
  }
  const columns = chooseColumns(reference.fields, current.fields);
  if (columns.length === 0) throw new UsageError('The reference has no features and no predictions to compare.');
  const segment = chooseSegment(options.segment, [...reference.fields, ...current.fields]);
  const unit = referenceUnit(window, reference);
  const table = quoteName(options.table);
  const inMemory = (reference.rows + current.rows) * rowBytes(columns) <= (options.memoryBytes ?? 0);
  await session.command('create', createSql(table, columns, inMemory));
  await stage({ session, table, side: 0, unit, source: reference, columns, segment });
  await stage({ session, table, side: 1, unit: window, source: current, columns, segment });
  const prediction =
    columns.find((column) => column.role === 'score') ?? columns.find((column) => column.role === 'prediction');
  return {
    table,
    columns: columns.filter((column) => column.role === 'feature' || column === prediction),
    prediction,
    segmented: segment !== undefined,
    inMemory,
    unit: window,
    referenceUnit: unit,
    skipped: [
      { label: options.reference.label, skipped: reference.skipped },
      { label: options.current.label, skipped: current.skipped },
    ],
  };
}

/** Drops the wide table. */
export async function dropFrame(session: DriftSession, table: string): Promise<void> {
  await session.command('drop', `DROP TABLE IF EXISTS ${quoteName(table)} SYNC`);
}

function chooseColumns(reference: readonly Field[], current: readonly Field[]): readonly Column[] {
  const known = new Set(reference.map((field) => `${field.role}:${field.name}`));
  const added = current.filter((field) => field.role === 'feature' && !known.has(`feature:${field.name}`));
  return [...reference, ...added]
    .filter((field) => field.role !== 'segment')
    .map((field, index) => ({ ...field, id: `c${index}` }));
}

function chooseSegment(name: string | undefined, fields: readonly Field[]): Column | undefined {
  if (name === undefined) return undefined;
  const found = fields.find((field) => field.name === name && (field.role === 'segment' || field.role === 'feature'));
  if (found !== undefined) return { ...found, storage: 'text', id: 'segment_value' };
  const names = [...new Set(fields.filter((field) => field.role === 'segment').map((field) => field.name))];
  throw new UsageError(`There is no segment or feature ${name}; segments are: ${names.join(', ') || 'none'}.`);
}

// Numbers have 8 bytes; a text is taken for 64.
function rowBytes(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + (column.storage === 'number' ? 8 : 64), 24);
}

function createSql(table: string, columns: readonly Column[], inMemory: boolean): string {
  const typed = columns.map((column) =>
    column.storage === 'number' ? `${column.id} Float64 CODEC(NONE)` : `${column.id} Nullable(String)`,
  );
  // Rows are written once and dropped soon: merging their parts would only cost.
  const engine = inMemory
    ? 'Memory'
    : 'MergeTree ORDER BY tuple() SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1';
  return `CREATE TABLE ${table} (side UInt8, key Int32, ts Nullable(DateTime64(3, 'UTC')), ok UInt8, segment LowCardinality(String)${typed.map((line) => `, ${line}`).join('')})
ENGINE = ${engine}`;
}

function ifOk({ id, storage }: Column): string {
  return `if(ok, ${id}, ${storage === 'number' ? 'nan' : 'NULL'})`;
}

async function stage(input: {
  readonly session: DriftSession;
  readonly table: string;
  readonly side: 0 | 1;
  readonly unit: WindowUnit;
  readonly source: Discovered;
  readonly columns: readonly Column[];
  readonly segment: Column | undefined;
}): Promise<void> {
  const { session, table, side, unit, source, columns, segment } = input;
  const segmentSql = segment === undefined ? "''" : `ifNull(${segment.id}, '')`;
  const names = columns.map((column) => `, ${column.id}`).join('');
  // A request that failed has no prediction; what it carries as one is none.
  const values = columns.map((column) => (column.role === 'feature' ? `, ${column.id}` : `, ${ifOk(column)}`)).join('');
  const sql = `INSERT INTO ${table} (side, key, ts, ok, segment${names})
SELECT ${side}, ${windowKeySql(unit, 'ts')}, ts, ok, ${segmentSql}${values} FROM (
${source.select(segment === undefined ? columns : [...columns, segment])})`;
  await session.command(side === 0 ? 'stage_reference' : 'stage_current', sql, {
    ...source.settings,
    insert_deduplicate: 0,
  });
}
