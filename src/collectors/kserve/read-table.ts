import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import type { PayloadBody } from './payload-body.ts';
import type { PayloadTable, UnreadableTable } from './payload-table.ts';
import { seldonRows } from './seldon-rows.ts';
import { tensorRows } from './tensor-rows.ts';

const NOT_VALUES: ReadonlySet<string> = new Set([
  'message',
  'batchId',
  'model_name',
  'model_version',
  'id',
  'parameters',
]);

/**
 * Returns the rows of a request or response body: v1 (`instances`, `inputs`, `predictions`, `outputs`, `explanations`),
 * v2 tensors, Seldon's `data`, or else the top-level members of the object as one row.
 *
 * @see https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
export function readTable(body: PayloadBody): PayloadTable | UnreadableTable {
  if (body.kind === 'unreadable') return { reason: body.reason };
  if (body.kind === 'stream') return { rows: [] };
  const document = body.value;
  if (!isJsonObject(document)) {
    return Array.isArray(document) ? { rows: rowsOf(document) } : { reason: 'is not a JSON object' };
  }
  const names = textMembers(document);
  const tensors = v2Tensors(document);
  if (tensors !== undefined) {
    const read = tensorRows(tensors, body.tensors);
    return 'reason' in read ? read : { ...names, ...read };
  }
  const seldon = seldonRows(document);
  if (seldon !== undefined) return 'reason' in seldon ? seldon : { ...names, ...seldon };
  for (const key of ['instances', 'predictions', 'explanations', 'inputs', 'outputs']) {
    const part = document[key];
    if (Array.isArray(part)) return { ...names, rows: rowsOf(part) };
    if (isJsonObject(part)) return { ...names, rows: columns(part) };
  }
  const members = Object.entries(document).filter(([name]) => !NOT_VALUES.has(name));
  return members.length === 0 ? { reason: 'holds no values' } : { ...names, rows: [new Map(members)] };
}

function v2Tensors(document: JsonObject): readonly JsonObject[] | undefined {
  for (const key of ['inputs', 'outputs']) {
    const part = document[key];
    if (!Array.isArray(part) || part.length === 0) continue;
    const tensors = part.filter((each): each is JsonObject => isJsonObject(each) && 'datatype' in each);
    if (tensors.length === part.length) return tensors;
  }
  return undefined;
}

/** One row an element. */
function rowsOf(elements: readonly unknown[]): readonly ReadonlyMap<string, unknown>[] {
  return elements.map((each) => new Map(isJsonObject(each) ? Object.entries(each) : [['', each]]));
}

/** TensorFlow's columns: as many rows as every column has elements, or one. */
function columns(part: JsonObject): readonly ReadonlyMap<string, unknown>[] {
  const entries = Object.entries(part);
  const lengths = new Set(entries.map(([, value]) => (Array.isArray(value) ? value.length : -1)));
  const [count = -1] = lengths;
  if (lengths.size !== 1 || count < 0) return [new Map(entries)];
  return Array.from(
    { length: count },
    (_, row) => new Map(entries.map(([name, value]) => [name, Array.isArray(value) ? value[row] : value])),
  );
}

function textMembers(document: JsonObject): Omit<PayloadTable, 'rows'> {
  const modelName = document['model_name'];
  const modelVersion = document['model_version'];
  const id = document['id'];
  return {
    ...(typeof modelName === 'string' && modelName !== '' ? { modelName } : {}),
    ...(typeof modelVersion === 'string' && modelVersion !== '' ? { modelVersion } : {}),
    ...(typeof id === 'string' && id !== '' ? { requestId: id } : {}),
  };
}
