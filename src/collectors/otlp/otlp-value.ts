import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';

/** Returns the elements of a repeated field that are messages. */
export function messages(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((each): each is JsonObject => isJsonObject(each)) : [];
}

/** Returns the plain JSON value of an AnyValue; undefined when it is none or empty. */
export function anyValue(value: unknown, depth = 0): unknown {
  if (!isJsonObject(value) || depth > 16) return undefined;
  if (typeof value['stringValue'] === 'string') return value['stringValue'];
  if (typeof value['boolValue'] === 'boolean') return value['boolValue'];
  if ('intValue' in value) return integer(value['intValue']);
  if ('doubleValue' in value) return double(value['doubleValue']);
  const { arrayValue, kvlistValue, bytesValue } = value;
  if (isJsonObject(arrayValue)) return messages(arrayValue['values']).map((each) => anyValue(each, depth + 1) ?? null);
  if (isJsonObject(kvlistValue)) return Object.fromEntries(attributes(kvlistValue['values'], depth + 1));
  return typeof bytesValue === 'string' ? bytesValue : undefined;
}

/** Returns key and plain value of each KeyValue. */
export function attributes(value: unknown, depth = 0): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const each of messages(value)) {
    const { key } = each;
    if (typeof key === 'string' && key !== '') found.set(key, anyValue(each['value'], depth) ?? null);
  }
  return found;
}

/** Returns a 64-bit integer, which JSON carries as text or number; undefined when it is none. */
export function integer(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Returns a double, which JSON carries as number or as the words NaN and Infinity. */
export function double(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  return value === '-Infinity' ? Number.NEGATIVE_INFINITY : undefined;
}

/** Returns milliseconds since 1970 of nanoseconds, or undefined for 0, which means unknown. */
export function milliseconds(nanoseconds: unknown): number | undefined {
  const number = integer(nanoseconds);
  return number === undefined || number <= 0 ? undefined : Math.trunc(number / 1e6);
}

/** Returns the lower-case hexadecimal digits of an id: JSON has those, protobuf had bytes that became base64. */
export function hexId(value: unknown, bytes: number): string {
  if (typeof value !== 'string' || value === '') return '';
  if (value.length === 2 * bytes && /^[0-9a-f]+$/i.test(value)) return value.toLowerCase();
  const decoded = Buffer.from(value, 'base64');
  return decoded.length === bytes ? decoded.toString('hex') : '';
}
