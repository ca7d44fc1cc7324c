import type { CloudEvent } from '../cloudevents/cloud-event.ts';
import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import { readPayloadBody } from './payload-body.ts';
import type { PayloadEvent } from './payload-event.ts';
import { predictionId, type PredictionRecord } from './prediction-records.ts';
import { seldonRows } from './seldon-rows.ts';

/**
 * Returns the labels of a Seldon feedback event: its `truth`, row by row, for the call that `response.meta.puid` or the
 * attribute `requestid` names. A reward alone is no label.
 */
export function feedbackLabels(options: {
  readonly event: CloudEvent;
  readonly payload: PayloadEvent;
  readonly model: string;
  readonly maxBytes: number;
  readonly receivedMs: number;
}): readonly PredictionRecord[] | { readonly field: string; readonly reason: string } {
  const { event, payload, model, maxBytes, receivedMs } = options;
  const body = readPayloadBody(event.data, maxBytes);
  if (body.kind !== 'json') return { field: 'data', reason: body.kind === 'stream' ? 'is a stream' : body.reason };
  if (!isJsonObject(body.value)) return { field: 'data', reason: 'is not a JSON object' };
  const id = puidOf(body.value['response']) ?? puidOf(body.value['request']) ?? payload.id;
  if (id === '') return { field: 'response.meta.puid', reason: 'is required' };
  const truth = body.value['truth'];
  const table = isJsonObject(truth) ? seldonRows(truth) : undefined;
  if (table === undefined) return { field: 'truth', reason: 'is required; a reward alone is no label' };
  if ('reason' in table) return { field: 'truth', reason: table.reason };
  const labels: PredictionRecord[] = [];
  for (const [row, values] of table.rows.entries()) {
    const [value] = values.values();
    const label: unknown = Array.isArray(value) ? value[0] : value;
    if (values.size !== 1 || (typeof label !== 'number' && typeof label !== 'string' && typeof label !== 'boolean')) {
      return { field: 'truth', reason: 'must hold one number, text or boolean a row' };
    }
    labels.push({
      prediction_id: predictionId(id, row, table.rows.length),
      label,
      label_ts: Math.trunc(payload.timeMs ?? receivedMs),
      ...(model === '' ? {} : { model }),
    });
  }
  return labels.length === 0 ? { field: 'truth', reason: 'is empty' } : labels;
}

function puidOf(message: unknown): string | undefined {
  const meta: JsonObject = isJsonObject(message) && isJsonObject(message['meta']) ? message['meta'] : {};
  const { puid } = meta;
  return typeof puid === 'string' && puid !== '' ? puid : undefined;
}
