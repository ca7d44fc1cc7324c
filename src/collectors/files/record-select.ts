import { resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import { RECORD_FIELDS } from '../../core/record-fields.ts';
import type { Store } from '../../store/store.ts';

const TEXT_FIELDS = new Set([
  'prediction_id',
  'model',
  'version',
  'status',
  'segment',
  'trace_id',
  'pod',
  'node',
  'metric',
  'kind',
  'title',
  'url',
]);
const OTHER_NAMES: Readonly<Record<string, string>> = { timestamp: 'ts', time: 'ts', id: 'prediction_id' };

const columnSchema = z.object({ name: z.string(), type: z.string() });

/** Returns the SQL that reads a table file as records of the contract, one JSON object a line. */
export async function recordSelect(options: {
  readonly store: Store;
  readonly file: string;
  readonly format: string;
  readonly kind: keyof typeof RECORD_FIELDS;
}): Promise<string> {
  const { store, file, format, kind } = options;
  const source = `file(${quote(resolve(file))}, ${quote(format)})`;
  let columns: readonly z.infer<typeof columnSchema>[];
  try {
    columns = z.array(columnSchema).parse(await store.rows({ name: 'describe_file', sql: `DESCRIBE TABLE ${source}` }));
  } catch (error) {
    throw new UsageError(`${file} cannot be read as ${format}`, { cause: error });
  }
  const known: readonly string[] = RECORD_FIELDS[kind];
  const fields: string[] = [];
  const features: string[] = [];
  const taken = new Set(columns.map(({ name }) => name).filter((name) => known.includes(name)));
  for (const { name, type } of columns) {
    const other = OTHER_NAMES[name];
    const field = known.includes(name)
      ? name
      : other !== undefined && known.includes(other) && !taken.has(other)
        ? other
        : undefined;
    if (field === undefined) features.push(name);
    else fields.push(`${expression(name, field, type)} AS ${identifier(field)}`);
  }
  if (kind === 'predictions' && features.length > 0 && !taken.has('features')) {
    const parts = features.map((name) => `${identifier(name)} AS ${identifier(name)}`);
    fields.push(`tuple(${parts.join(', ')}) AS features`);
  }
  // One thread keeps the rows in the order of the file: the same file must give the same records in the same order.
  return `SELECT ${fields.join(', ')} FROM ${source} SETTINGS max_threads = 1, input_format_parquet_preserve_order = 1, output_format_json_named_tuples_as_objects = 1, enable_named_columns_in_function_tuple = 1, output_format_json_quote_denormals = 0, output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso', session_timezone = 'UTC' FORMAT JSONEachRow`;
}

function expression(column: string, field: string, type: string): string {
  const name = identifier(column);
  if (TEXT_FIELDS.has(field)) return `toString(${name})`;
  if ((field === 'ts' || field === 'label_ts') && /DateTime/.test(type))
    return `toUnixTimestamp64Milli(toDateTime64(${name}, 3, 'UTC'))`;
  if ((field === 'ts' || field === 'label_ts') && /^(Nullable\()?Date/.test(type))
    return `toUnixTimestamp(toDateTime(${name}, 'UTC')) * 1000`;
  return name;
}

function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
