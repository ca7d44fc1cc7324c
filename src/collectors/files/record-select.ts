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
const NUMBER_FIELDS = new Set(['value', 'score', 'latency_ms']);
const OTHER_NAMES: Readonly<Record<string, string>> = { timestamp: 'ts', time: 'ts', id: 'prediction_id' };

/** Fields that hold an object; a column `segments.region` is one entry of `segments`. */
const OBJECTS = ['features', 'segments', 'scores', 'labels'] as const;
type ObjectField = (typeof OBJECTS)[number];

const columnSchema = z.object({ name: z.string(), type: z.string() });
type Column = z.infer<typeof columnSchema>;

/** One entry of an object field. */
interface Entry {
  readonly key: string;
  readonly column: Column;
}

/** Returns the SQL that reads a table file as records of the contract, one JSON object a line. */
export async function recordSelect(options: {
  readonly store: Store;
  readonly file: string;
  readonly format: string;
  readonly kind: keyof typeof RECORD_FIELDS;
}): Promise<string> {
  const { store, file, format, kind } = options;
  const source = `file(${quote(resolve(file))}, ${quote(format)})`;
  let columns: readonly Column[];
  try {
    columns = z.array(columnSchema).parse(await store.rows({ name: 'describe_file', sql: `DESCRIBE TABLE ${source}` }));
  } catch (error) {
    throw new UsageError(`${file} cannot be read as ${format}`, { cause: error });
  }
  const fields = fieldsOf(columns, kind);
  // One thread keeps the rows in the order of the file: the same file must give the same records in the same order.
  return `SELECT ${fields.join(', ')} FROM ${source} SETTINGS max_threads = 1, input_format_parquet_preserve_order = 1, output_format_json_named_tuples_as_objects = 1, output_format_json_quote_denormals = 0, output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso', session_timezone = 'UTC' FORMAT JSONEachRow`;
}

/** Returns what to select: each field of the record; columns that are none are features of a prediction. */
function fieldsOf(columns: readonly Column[], kind: keyof typeof RECORD_FIELDS): readonly string[] {
  const known: readonly string[] = RECORD_FIELDS[kind];
  const taken = new Set(columns.map(({ name }) => name).filter((name) => known.includes(name)));
  const fields: string[] = [];
  const objects = new Map<ObjectField, Entry[]>();
  for (const column of columns) {
    const { name, type } = column;
    const other = OTHER_NAMES[name];
    const field = taken.has(name)
      ? name
      : other !== undefined && known.includes(other) && !taken.has(other)
        ? other
        : undefined;
    if (field !== undefined) {
      fields.push(`${expression(name, field, type)} AS ${identifier(field)}`);
      continue;
    }
    const prefix = OBJECTS.find((object) => known.includes(object) && name.startsWith(`${object}.`));
    const object = prefix ?? 'features';
    if (!known.includes(object) || taken.has(object)) continue;
    const key = prefix === undefined ? name : name.slice(prefix.length + 1);
    objects.set(object, [...(objects.get(object) ?? []), { key, column }]);
  }
  for (const [object, entries] of objects) fields.push(`${objectOf(object, entries)} AS ${object}`);
  return fields;
}

/** Features and scores keep the types of their columns; segments and labels are texts, without those that are empty. */
function objectOf(object: ObjectField, entries: readonly Entry[]): string {
  if (object === 'segments' || object === 'labels') {
    const parts = entries.map(({ key, column }) => `${quote(key)}, ifNull(toString(${identifier(column.name)}), '')`);
    return `mapFilter((k, v) -> v != '', map(${parts.join(', ')}))`;
  }
  // With explicit names: the function tuple takes over only names that are identifiers.
  const types = entries.map(({ key, column }) => `${identifier(key)} ${column.type}`);
  const values = entries.map(({ column }) => identifier(column.name));
  return `CAST(tuple(${values.join(', ')}), ${quote(`Tuple(${types.join(', ')})`)})`;
}

function expression(column: string, field: string, type: string): string {
  const name = identifier(column);
  if (TEXT_FIELDS.has(field)) return `toString(${name})`;
  // One word among the numbers of a CSV makes texts of them all; only the word is to be refused.
  if (NUMBER_FIELDS.has(field) && /String/.test(type))
    return `if(isNull(toFloat64OrNull(${name})), ${name}::Dynamic, toFloat64OrNull(${name})::Dynamic)`;
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
