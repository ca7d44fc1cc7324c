import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import { readBinaryTensor } from './binary-tensor.ts';
import type { PayloadTable, UnreadableTable } from './payload-table.ts';

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly unknown[];
}

const MAX_ROWS = 100_000;

/**
 * Returns the rows of v2 tensors, whose data is row-major, flat or nested, or binary behind the JSON: as many rows as
 * the first dimension says when all tensors share it, else one.
 */
export function tensorRows(tensors: readonly JsonObject[], binary: Buffer): PayloadTable | UnreadableTable {
  const read: Tensor[] = [];
  let at = 0;
  for (const each of tensors) {
    const size = binarySize(each);
    const tensor = readTensor(each, binary.subarray(at, at + size));
    if ('reason' in tensor) return tensor;
    read.push(tensor);
    at += size;
  }
  const lengths = new Set(read.map(({ shape }) => shape[0] ?? -1));
  const [first = 1] = lengths;
  const count = lengths.size === 1 && first >= 1 ? first : 1;
  if (count > MAX_ROWS) return { reason: `has more than ${MAX_ROWS} rows` };
  const rows = Array.from(
    { length: count },
    (_, row) => new Map(read.map((tensor) => [tensor.name, rowOf(tensor, row, count)])),
  );
  return { rows };
}

function readTensor(tensor: JsonObject, binary: Buffer): Tensor | UnreadableTable {
  const { name, datatype } = tensor;
  if (typeof name !== 'string' || typeof datatype !== 'string')
    return { reason: 'has a tensor without name or datatype' };
  const label = name.slice(0, 256);
  const values = Array.isArray(tensor['data']) ? flattened(tensor['data']) : readBinaryTensor(datatype, binary);
  if (values === undefined) return { reason: `has no readable data for tensor ${label}` };
  const { shape } = tensor;
  if (!Array.isArray(shape)) return { name: label, shape: [values.length], values };
  const sizes = shape.filter((size) => typeof size === 'number');
  if (sizes.length !== shape.length || sizes.reduce((product, size) => product * size, 1) !== values.length) {
    return { reason: `has ${values.length} values for tensor ${label}, which do not fit its shape` };
  }
  return { name: label, shape: sizes, values };
}

/** One value, a vector, or for higher ranks a vector in a vector, which says that its elements have no names. */
function rowOf(tensor: Tensor, row: number, count: number): unknown {
  const width = tensor.values.length / count;
  if (width === 1) return tensor.values[row];
  const values = tensor.values.slice(row * width, (row + 1) * width);
  const rank = tensor.shape.slice(count > 1 || tensor.shape[0] === 1 ? 1 : 0).filter((size) => size > 1).length;
  return rank > 1 ? [values] : values;
}

function flattened(data: readonly unknown[]): readonly unknown[] {
  return data.some((each) => Array.isArray(each)) ? data.flat(16) : data;
}

function binarySize(tensor: JsonObject): number {
  const { parameters } = tensor;
  const size = isJsonObject(parameters) ? parameters['binary_data_size'] : undefined;
  return typeof size === 'number' && size > 0 ? size : 0;
}
