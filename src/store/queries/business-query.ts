import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Store } from '../store.ts';

/** One row of an operator's query for a business number. */
export interface BusinessRow {
  /** Null when it is not finite. */
  readonly value: number | null;
  readonly model?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

const MOST_ROWS = 1000;

const rowSchema = z.object({
  value: z.union([z.number(), z.boolean().transform(Number)]).nullable(),
  model: z
    .string()
    .nullish()
    .transform((model) => model ?? undefined),
  labels: z.record(z.string(), z.string()).optional(),
});

/**
 * Runs an operator's SELECT over the interval [fromMs, toMs), read-only and bounded in time and rows.
 *
 * @throws StoreError when the database refuses the query; E_BUSINESS_SHAPE when a row has no number named value
 */
export async function readBusinessRows(options: {
  readonly store: Store;
  readonly sql: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly timeoutMs: number;
}): Promise<readonly BusinessRow[]> {
  const rows = await options.store.rows({
    name: 'business_query',
    sql: options.sql.trim().replace(/;$/, ''),
    parameters: { from: toText(options.fromMs), to: toText(options.toMs) },
    settings: {
      readonly: 1,
      max_execution_time: Math.max(1, Math.ceil(options.timeoutMs / 1000)),
      max_result_rows: MOST_ROWS,
      result_overflow_mode: 'throw',
      output_format_json_quote_decimals: 0,
    },
  });
  return rows.map((row) => {
    const parsed = rowSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    throw new AppError(
      'E_BUSINESS_SHAPE',
      'The query must return a column value that is a number, and may return model (String) and labels (Map(String, String)).',
    );
  });
}

function toText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
