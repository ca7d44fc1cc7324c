import { RECORD_FIELDS, TIME_NAMES } from '../../core/record-fields.ts';
import type { DriftSession, Settings } from './session.ts';

/** Where rows of one side come from: a file, or the store. */
export interface RowSource {
  /** Name for messages. */
  readonly label: string;
  /**
   * Looks at the rows once: how many, which fields, what was unreadable.
   *
   * @throws UsageError  when nothing can be read
   */
  discover(session: DriftSession, filter: RowFilter): Promise<Discovered>;
}

/** Keeps the rows of one model or version; absent means all. */
export interface RowFilter {
  readonly model?: string;
  readonly version?: string;
}

/** What a source holds, and how to read it into a wide table. */
export interface Discovered {
  readonly rows: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly fields: readonly Field[];
  readonly skipped: Skipped;
  /**
   * Returns a SELECT with the columns `ts` (Nullable(DateTime64(3, 'UTC'))), `ok` (1 when the request succeeded) and one
   * per wanted field, named by `id`: Float64 with NaN for missing, or Nullable(String).
   */
  readonly select: (wanted: readonly Column[]) => string;
  readonly settings: Settings;
}

/** Lines that could not be read. */
export interface Skipped {
  readonly count: number;
  /** Counted from 1; undefined when nothing was skipped. */
  readonly firstLine: number | undefined;
}

export type FieldRole = 'feature' | 'score' | 'prediction' | 'segment';

/** A field of a source. */
export interface Field {
  readonly name: string;
  readonly role: FieldRole;
  readonly storage: 'number' | 'text';
}

/** A field in the wide table; both sides are read with the same storage. */
export interface Column extends Field {
  /** Name of the column, safe in SQL. */
  readonly id: string;
}

/** Names that are part of a record and no features. */
export const RESERVED: ReadonlySet<string> = new Set([
  ...RECORD_FIELDS.predictions,
  ...RECORD_FIELDS.labels,
  ...TIME_NAMES,
  'extra',
]);

/** Nothing was skipped. */
export const NOTHING_SKIPPED: Skipped = { count: 0, firstLine: undefined };
