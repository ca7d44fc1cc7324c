import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import type { LogEntry, RecordFields } from './log-entry.ts';

/** The role of each column, by service; BentoML sends it with some of the records only. */
export type BentoSchemas = Map<string, ReadonlyMap<string, string>>;

const SCOPE = 'bentoml_monitor_data';
const NOT_COLUMNS: ReadonlySet<string> = new Set(['timestamp', 'request_id', 'trace_id', 'bento_meta']);
const PREDICTION_NAME = /^(?:pred|prediction|predicted|y_pred|output|label|class)$/i;
const MAX_SCHEMAS = 1000;

/** Tells whether a log record comes from `bentoml.monitor`. */
export function isBentoRecord({ scope, body }: LogEntry): boolean {
  return scope === SCOPE || (isJsonObject(body) && 'bento_meta' in body);
}

/**
 * Returns the prediction record of a BentoML monitoring record: the model is the monitor, the version the bento's.
 *
 * @see https://github.com/bentoml/BentoML, src/bentoml/_internal/monitoring/otlp.py
 */
export function bentoPrediction(entry: LogEntry, schemas: BentoSchemas): RecordFields {
  const body = isJsonObject(entry.body) ? entry.body : fromPython(entry.body);
  const service = textOf(entry.resource.get('service.name'));
  const version = textOf(entry.resource.get('service.instance.id'));
  const meta: JsonObject = isJsonObject(body['bento_meta']) ? body['bento_meta'] : {};
  const roles = rolesOf(`${service}\n${version}`, meta, schemas);
  const features: Record<string, unknown> = {};
  const others: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (NOT_COLUMNS.has(name)) continue;
    const role = roles.get(name) ?? (PREDICTION_NAME.test(name) ? 'prediction' : 'feature');
    if (role === 'prediction' && !('prediction' in others)) others['prediction'] = value;
    else if (role === 'feature') features[name] = value;
    else others[name] = value;
  }
  const seconds = body['timestamp'];
  const id = textOf(body['request_id']);
  return {
    ...others,
    model: textOf(meta['monitor_name']) || service.split(':').at(-1),
    version: textOf(meta['bento_version']) || version || '0',
    features,
    ...(typeof seconds === 'number' ? { ts: Math.trunc(seconds * 1000) } : {}),
    ...(id === '' ? {} : { prediction_id: id }),
    ...traceOf(body['trace_id']),
  };
}

function rolesOf(key: string, meta: JsonObject, schemas: BentoSchemas): ReadonlyMap<string, string> {
  const { schema } = meta;
  if (!isJsonObject(schema)) return schemas.get(key) ?? new Map();
  const roles = new Map<string, string>();
  for (const [name, column] of Object.entries(schema)) {
    if (isJsonObject(column) && typeof column['role'] === 'string') roles.set(name, column['role']);
  }
  if (schemas.size >= MAX_SCHEMAS) schemas.clear();
  schemas.set(key, roles);
  return roles;
}

/** BentoML writes ids as decimal numbers; traces are known by 32 hexadecimal digits. */
function traceOf(value: unknown): RecordFields {
  const text = textOf(value);
  return /^[1-9]\d{0,38}$/.test(text) ? { trace_id: BigInt(text).toString(16).padStart(32, '0') } : {};
}

/** Older versions send the text of a Python dict. */
function fromPython(body: unknown): JsonObject {
  if (typeof body !== 'string') return {};
  const json = body
    .replaceAll(/'((?:[^'\\]|\\.)*)'/g, (_whole, inner: string) =>
      JSON.stringify(inner.replaceAll(String.raw`\'`, "'")),
    )
    .replaceAll(/\bTrue\b/g, 'true')
    .replaceAll(/\bFalse\b/g, 'false')
    .replaceAll(/\b(?:None|nan)\b/g, 'null');
  try {
    const value: unknown = JSON.parse(json);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
