import { createHash } from 'node:crypto';
import { featuresOf } from './features.ts';
import { outcomeOf } from './outcome.ts';
import type { PayloadHalf } from './payload-half.ts';

/** The request and the response of one call, or the one of them that there is. */
export type Call =
  | { readonly request: PayloadHalf; readonly response: PayloadHalf | undefined }
  | { readonly request: undefined; readonly response: PayloadHalf };

export type PredictionRecord = Readonly<Record<string, unknown>>;

const VERSION_ANNOTATION = /(?:^|[/._-])(?:model[-_.]?version|version|revision)$/;

/**
 * Returns one prediction record a row of the call, `<id>` for a single row and `<id>/<row>` for several. A request
 * without a response has the status "no_response"; a response without its request has no features.
 */
export function predictionRecords(call: Call): readonly PredictionRecord[] {
  const known = call.request ?? call.response;
  const count = rowCount(call);
  const common = commonFields(call, known);
  return Array.from({ length: count }, (_, row) => ({
    prediction_id: predictionId(known.payload.id, row, count),
    ...common,
    ...rowFields(call, row, count),
  }));
}

/** Names a row of a call; an id too long for the store becomes its hash. */
export function predictionId(id: string, row: number, count: number): string {
  const whole = count === 1 ? id : `${id}/${row}`;
  return whole.length <= 128 ? whole : createHash('sha256').update(whole).digest('hex');
}

/** Returns the model that the records of a half belong to. */
export function modelOf({ payload, mapping, hints, table }: PayloadHalf): string {
  if (mapping.model !== undefined) return mapping.model;
  if (hints.model !== undefined) return hints.model;
  if (payload.service === '') return table.modelName ?? payload.component;
  const isPart = payload.dialect === 'kserve' && payload.component !== '' && payload.component !== 'predictor';
  return isPart ? `${payload.service}/${payload.component}` : payload.service;
}

/** A request that asks for rows gets as many records, whatever the answer holds. */
function rowCount({ request, response }: Call): number {
  return Math.max(
    1,
    (request?.table.rows.length ?? 0) > 0 ? (request?.table.rows.length ?? 0) : (response?.table.rows.length ?? 0),
  );
}

function commonFields(call: Call, known: PayloadHalf): PredictionRecord {
  const { request, response } = call;
  const { payload } = known;
  const requestId = request?.table.requestId ?? response?.table.requestId ?? payload.metadata.get('x-request-id');
  const traceId = known.traceId === '' ? (response?.traceId ?? '') : known.traceId;
  const latencyMs = latencyOf(call);
  return {
    ts: Math.trunc(payload.timeMs ?? known.receivedMs),
    model: modelOf(response ?? known),
    version: versionOf(call),
    status: response === undefined && known.mapping.parts !== 'request' ? 'no_response' : 'ok',
    ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
    ...(traceId === '' ? {} : { trace_id: traceId }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(payload.namespace === '' ? {} : { namespace: payload.namespace }),
    ...(request === undefined && known.mapping.parts !== 'response' ? { request: 'missing' } : {}),
    ...(request?.problem === undefined ? {} : { request_problem: request.problem }),
    ...responseProblem(call),
  };
}

function responseProblem(call: Call): PredictionRecord {
  const { response } = call;
  if (response === undefined) return {};
  if (response.problem !== undefined) return { response_problem: response.problem };
  const given = response.table.rows.length;
  const wanted = rowCount(call);
  return given === 0 || given === wanted ? {} : { response_problem: `has ${given} rows for ${wanted} of the request` };
}

function rowFields({ request, response }: Call, row: number, count: number): PredictionRecord {
  const inputs = request?.table.rows[row];
  const features = inputs === undefined ? undefined : featuresOf(inputs, request?.mapping.features);
  const outputs = response?.table.rows.length === count ? response.table.rows[row] : undefined;
  if (outputs === undefined || response === undefined) return features === undefined ? {} : { features };
  const { prediction, score, scores, others } = outcomeOf(outputs, response.mapping, response.table.classes);
  return {
    ...(features === undefined ? {} : { features }),
    prediction,
    ...(score === undefined ? {} : { score }),
    ...(scores === undefined ? {} : { scores }),
    ...(Object.keys(others).length === 0 ? {} : { outputs: others }),
  };
}

/**
 * Returns the version: configured, of the logger's URL, of an annotation, of the v2 response, of Seldon's predictor.
 * The first ones are what somebody said on purpose; servers often say "1" for whatever they were given.
 */
function versionOf({ request, response }: Call): string {
  const halves = [request, response].filter((half) => half !== undefined);
  const first = (read: (half: PayloadHalf) => string | undefined): string | undefined =>
    halves.map(read).find((text) => text !== undefined && text !== '');
  return (
    first(({ mapping }) => mapping.version) ??
    first(({ hints }) => hints.version) ??
    first(({ payload }) => [...payload.annotations].find(([name]) => VERSION_ANNOTATION.test(name))?.[1]) ??
    first(({ table }) => table.modelVersion) ??
    first(({ payload }) => payload.endpoint) ??
    '0'
  );
}

/** Milliseconds between the two events, when their times are those of the call and not of the sending. */
function latencyOf({ request, response }: Call): number | undefined {
  if (request?.payload.exactTime !== true || response?.payload.exactTime !== true) return undefined;
  const { timeMs: from } = request.payload;
  const { timeMs: to } = response.payload;
  if (from === undefined || to === undefined || to < from) return undefined;
  return Math.round((to - from) * 1000) / 1000;
}
