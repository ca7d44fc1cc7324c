export type FeatureValue = number | string | boolean | null;

/** What the store takes of one record. */
const MAX_FEATURES = 1000;
const MAX_NAME_BYTES = 256;
/** Longer texts are no categories; their length is the feature. */
const MAX_TEXT_CHARS = 1024;
/** Longer vectors are embeddings, pictures or series: single elements say nothing, their mean, deviation and norm do. */
const MAX_VECTOR = 128;

/**
 * Returns the features of one row: plain values as they are, members of objects as `name.member`, elements of vectors
 * as `name[0]`, and of what is longer or nested deeper `name.mean`, `name.std`, `name.norm` or `name.length`.
 *
 * @param names names for the elements of a row without names; default f0, f1 and so on
 */
export function featuresOf(
  row: ReadonlyMap<string, unknown>,
  names: readonly string[] | undefined,
): Readonly<Record<string, FeatureValue>> {
  const features = new Map<string, FeatureValue>();
  const put = (name: string, value: FeatureValue): void => {
    const key = fitting(name);
    if (features.size < MAX_FEATURES || features.has(key)) features.set(key, value);
  };
  for (const [name, value] of row) {
    if (name !== '') spread(name, value, put);
    else if (!Array.isArray(value)) spread(names?.[0] ?? 'f0', value, put);
    else if (value.length > MAX_VECTOR && names === undefined) spread('f', value, put);
    else value.forEach((each: unknown, at) => spread(names?.[at] ?? `f${at}`, each, put));
  }
  return Object.fromEntries(features);
}

type Put = (name: string, value: FeatureValue) => void;

function spread(name: string, value: unknown, put: Put, depth = 0): void {
  if (value === null || value === undefined) put(name, null);
  else if (typeof value === 'number') put(name, Number.isFinite(value) ? value : null);
  else if (typeof value === 'boolean') put(name, value);
  else if (typeof value === 'string') {
    if (value.length > MAX_TEXT_CHARS) put(`${name}.length`, value.length);
    else put(name, value);
  } else if (Array.isArray(value)) spreadArray(name, value, put);
  else if (typeof value === 'object' && depth < 4) {
    for (const [member, inner] of Object.entries(value)) spread(`${name}.${member}`, inner, put, depth + 1);
  }
}

function spreadArray(name: string, value: readonly unknown[], put: Put): void {
  const isPlain = value.every((each) => typeof each !== 'object' || each === null);
  if (isPlain && value.length === 1) spread(name, value[0], put);
  else if (isPlain && value.length <= MAX_VECTOR) value.forEach((each, at) => spread(`${name}[${at}]`, each, put));
  else {
    const numbers = value.flat(16).filter((each) => typeof each === 'number');
    if (numbers.length === 0) put(`${name}.length`, value.length);
    else summarise(name, numbers, put);
  }
}

function summarise(name: string, numbers: readonly number[], put: Put): void {
  const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const squares = numbers.reduce((sum, each) => sum + each * each, 0);
  const spreadSquares = numbers.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  put(`${name}.mean`, mean);
  put(`${name}.std`, Math.sqrt(spreadSquares / numbers.length));
  put(`${name}.norm`, Math.sqrt(squares));
}

function fitting(name: string): string {
  if (name === '') return 'f';
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  // A character cut in half would become another one.
  return Buffer.from(name)
    .subarray(0, MAX_NAME_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
