import type { CloudEvent } from '../cloudevents/cloud-event.ts';
import { type KserveConfig, type PayloadMapping } from './config.ts';
import { readPayloadBody } from './payload-body.ts';
import { type PayloadEvent, traceOf } from './payload-event.ts';
import type { PayloadTable } from './payload-table.ts';
import { readTable } from './read-table.ts';

/** What the logger's URL says about the model: `?version=7&model=fraud`. */
export interface UrlHints {
  readonly model?: string;
  readonly version?: string;
}

/** The request or the response of one call, read. */
export interface PayloadHalf {
  readonly payload: PayloadEvent;
  readonly table: PayloadTable;
  readonly mapping: PayloadMapping;
  readonly hints: UrlHints;
  readonly traceId: string;
  readonly receivedMs: number;
  readonly sizeBytes: number;
  /** Why the body could not be read; the call itself is known all the same. */
  readonly problem: string | undefined;
}

/** Reads the body of a payload event and finds the mapping that applies to it. */
export function readHalf(options: {
  readonly event: CloudEvent;
  readonly payload: PayloadEvent;
  readonly hints: UrlHints;
  readonly receivedMs: number;
  readonly config: KserveConfig;
}): PayloadHalf {
  const { event, payload, hints, receivedMs, config } = options;
  const head = Number(payload.metadata.get('inference-header-content-length') ?? Number.NaN);
  const jsonBytes = payload.part === 'request' && Number.isInteger(head) ? head : undefined;
  const read = readTable(readPayloadBody(event.data, config.max_body_bytes, jsonBytes));
  const isTable = 'rows' in read;
  return {
    payload,
    table: isTable ? read : { rows: [] },
    mapping: mappingFor(payload, config.models),
    hints,
    traceId: traceOf(payload, event),
    receivedMs,
    sizeBytes: event.data.sizeBytes,
    problem: isTable ? undefined : read.reason,
  };
}

const NO_MAPPING: PayloadMapping = { service: '', parts: 'both' };

function mappingFor(payload: PayloadEvent, models: KserveConfig['models']): PayloadMapping {
  return (
    models.find(
      ({ service, namespace, component }) =>
        service === payload.service &&
        (namespace === undefined || namespace === payload.namespace) &&
        (component === undefined || component === payload.component),
    ) ?? NO_MAPPING
  );
}
