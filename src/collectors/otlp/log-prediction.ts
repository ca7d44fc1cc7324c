import { createHash } from 'node:crypto';
import { isJsonObject } from '../cloudevents/json-object.ts';
import { isBentoRecord, type BentoSchemas, bentoPrediction } from './bento-record.ts';
import { genAiFields } from './gen-ai-record.ts';
import type { LogEntry, RecordFields } from './log-entry.ts';

/** Attributes that become fields of the record, after `plumbline.` or another prefix of one word is taken away. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['model.name', 'model'],
  ['model', 'model'],
  ['model.version', 'version'],
  ['version', 'version'],
  ['prediction.id', 'prediction_id'],
  ['prediction_id', 'prediction_id'],
  ['prediction', 'prediction'],
  ['prediction.value', 'prediction'],
  ['prediction.class', 'prediction'],
  ['prediction.score', 'score'],
  ['score', 'score'],
  ['scores', 'scores'],
  ['prediction.scores', 'scores'],
  ['latency_ms', 'latency_ms'],
  ['prediction.latency_ms', 'latency_ms'],
  ['status', 'status'],
  ['prediction.status', 'status'],
  ['segment', 'segment'],
  ['segments', 'segments'],
  ['features', 'features'],
]);

const PREFIX = /^(?:plumbline|mlobs|ml)\./;

/**
 * Returns the prediction record that a log record means: attributes `plumbline.model.name`, `plumbline.prediction`,
 * `plumbline.feature.<name>` and so on, the prefix being optional; a body that is a map gives the features, or the whole
 * record when it has a model; BentoML monitoring and gen_ai attributes are understood. Without an id the content is it.
 */
export function predictionOf(entry: LogEntry, schemas: BentoSchemas): RecordFields {
  const fields = isBentoRecord(entry) ? bentoPrediction(entry, schemas) : attributedFields(entry);
  const pod = entry.resource.get('k8s.pod.name');
  const node = entry.resource.get('k8s.node.name');
  const record: Record<string, unknown> = {
    ts: entry.tsMs,
    ...(entry.traceId === '' ? {} : { trace_id: entry.traceId }),
    ...(typeof pod === 'string' ? { pod } : {}),
    ...(typeof node === 'string' ? { node } : {}),
    ...fields,
  };
  record['prediction_id'] ??= contentId(entry, record);
  return record;
}

function attributedFields(entry: LogEntry): RecordFields {
  const fields: Record<string, unknown> = {};
  const features: Record<string, unknown> = {};
  const segments: Record<string, unknown> = {};
  for (const [key, value] of entry.attributes) {
    const name = key.replace(PREFIX, '');
    const field = FIELDS.get(name);
    const [, group, rest] = /^(features?|segments?)\.(.+)$/.exec(name) ?? [];
    if (field !== undefined) fields[field] ??= value;
    else if (rest !== undefined && group?.startsWith('feature') === true) features[rest] = value;
    else if (rest !== undefined) segments[rest] = value;
    else if (!key.startsWith('gen_ai.') && key !== 'event.name') fields[key] ??= value;
  }
  const version = entry.resource.get('service.version');
  const whole: Record<string, unknown> = {
    ...(typeof version === 'string' && version !== '' ? { version } : {}),
    ...genAiFields(entry),
    ...fields,
    ...bodyFields(entry.body),
  };
  if (typeof whole['version'] === 'number') whole['version'] = String(whole['version']);
  if (entry.attributes.has('error.type')) whole['status'] ??= 'error';
  merge(whole, 'features', features);
  merge(whole, 'segments', segments);
  return whole;
}

/** A map is the features, or a record when it says its model; a text may be either as JSON. */
function bodyFields(body: unknown): RecordFields {
  const value = typeof body === 'string' && body.startsWith('{') ? parsed(body) : body;
  if (!isJsonObject(value)) return {};
  return 'model' in value || 'prediction_id' in value || isJsonObject(value['features']) ? value : { features: value };
}

function merge(record: Record<string, unknown>, field: string, more: Readonly<Record<string, unknown>>): void {
  if (Object.keys(more).length === 0) return;
  const given = record[field];
  record[field] = isJsonObject(given) ? { ...given, ...more } : more;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // text that only looks like JSON
  }
}

/** The same log record sent again has the same id. */
function contentId(entry: LogEntry, record: RecordFields): string {
  const text = JSON.stringify([record, entry.eventName, [...entry.resource]]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
