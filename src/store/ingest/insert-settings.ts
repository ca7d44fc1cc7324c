import type { RecordKind } from './unit.ts';

const FOR_ALL = {
  max_insert_threads: 1,
  // One batch is one block, whatever the months it touches.
  max_partitions_per_insert_block: 0,
  min_insert_block_size_rows: 1_000_000,
  // The parsing views read JSON strings as strings, never as times.
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  // Keeps the second parse away from lines that do not need it.
  short_circuit_function_evaluation: 'enable',
  // The views are written as they shall run: rewriting their plans for every insert would take a third of its fixed cost.
  query_plan_enable_optimizations: 0,
} as const;

/**
 * Returns how records of a kind are inserted, whoever inserts them: the same settings give the same blocks, and so the
 * same tokens.
 */
export function insertSettings(kind: RecordKind): Readonly<Record<string, string | number>> {
  // The views of predictions have grouped their rows; to look for equal ones when they are stored finds none. Of two
  // labels of one prediction in one batch the later must replace the earlier.
  return kind === 'predictions' ? { ...FOR_ALL, optimize_on_insert: 0 } : FOR_ALL;
}
