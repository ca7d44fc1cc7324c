import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import type { PayloadTable, UnreadableTable } from './payload-table.ts';

/** Returns the rows of a body of Seldon's own protocol, or undefined when it is another one's. */
export function seldonRows(document: JsonObject): PayloadTable | UnreadableTable | undefined {
  if (typeof document['strData'] === 'string') return { rows: [new Map([['', document['strData']]])] };
  if (typeof document['binData'] === 'string') {
    return { rows: [new Map([['bytes', Buffer.byteLength(document['binData'], 'base64')]])] };
  }
  const json = document['jsonData'];
  if (json !== undefined) return { rows: rowsOfJson(json) };
  const { data } = document;
  if (!isJsonObject(data)) return undefined;
  const rows = Array.isArray(data['ndarray']) ? ndarrayRows(data['ndarray']) : tensorRows(data['tensor']);
  if (rows === undefined) return { reason: 'has data without an ndarray or tensor' };
  if ('reason' in rows) return rows;
  const names = Array.isArray(data['names']) ? data['names'].filter((name) => typeof name === 'string') : [];
  return {
    rows: rows.map((row) => (row.length === 1 && names.length === 0 ? new Map([['', row[0]]]) : named(row, names))),
    ...(names.length > 1 ? { classes: names } : {}),
  };
}

/** A row whose columns have names keeps them; otherwise it is one vector. */
function named(row: readonly unknown[], names: readonly string[]): ReadonlyMap<string, unknown> {
  if (names.length !== row.length) return new Map([['', row]]);
  return new Map(names.map((name, at) => [name, row[at]]));
}

function ndarrayRows(ndarray: readonly unknown[]): readonly (readonly unknown[])[] {
  if (ndarray.every((row) => Array.isArray(row))) return ndarray;
  return ndarray.map((value) => [value]);
}

function tensorRows(tensor: unknown): readonly (readonly unknown[])[] | UnreadableTable | undefined {
  if (!isJsonObject(tensor)) return undefined;
  const { shape, values } = tensor;
  if (!Array.isArray(shape) || !Array.isArray(values)) return undefined;
  const [count] = shape;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || values.length % count !== 0) {
    return { reason: `has a tensor of ${values.length} values whose shape does not fit` };
  }
  const width = values.length / count;
  return Array.from({ length: count }, (_, row) => values.slice(row * width, (row + 1) * width));
}

function rowsOfJson(json: unknown): readonly ReadonlyMap<string, unknown>[] {
  const elements: readonly unknown[] = Array.isArray(json) ? json : [json];
  return elements.map((each) => new Map(isJsonObject(each) ? Object.entries(each) : [['', each]]));
}
