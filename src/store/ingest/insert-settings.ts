/** How records are inserted, whoever inserts them: the same settings give the same blocks, and so the same tokens. */
export const INSERT_SETTINGS = {
  max_insert_threads: 1,
  // One batch is one block, whatever the months it touches.
  max_partitions_per_insert_block: 0,
  min_insert_block_size_rows: 1_000_000,
  // The parsing views read JSON strings as strings, never as times.
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  // Keeps the second parse away from lines that do not need it.
  short_circuit_function_evaluation: 'enable',
  // The views group their rows already; to look for equal ones again when they are stored finds none.
  optimize_on_insert: 0,
  // The views are written as they shall run: rewriting their plans for every insert would take a third of its fixed cost.
  query_plan_enable_optimizations: 0,
} as const;
