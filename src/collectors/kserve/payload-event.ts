import type { CloudEvent } from '../cloudevents/cloud-event.ts';
import { isJsonObject } from '../cloudevents/json-object.ts';

export type PayloadPart = 'request' | 'response' | 'feedback';

/** What a payload event says about itself, in one form for KServe and Seldon Core 1. */
export interface PayloadEvent {
  readonly dialect: 'kserve' | 'seldon';
  readonly part: PayloadPart;
  /** The same on a request and its response, different for all others. */
  readonly joinKey: string;
  /** What the caller knows the call by. */
  readonly id: string;
  readonly namespace: string;
  readonly service: string;
  /** KServe's component; Seldon's node of the graph. */
  readonly component: string;
  /** Seldon's predictor; empty in KServe v1beta1. */
  readonly endpoint: string;
  /** When the call was made or answered, milliseconds since 1970 with a fraction; undefined when the event says no time. */
  readonly timeMs: number | undefined;
  /** The times are those of the call itself, so that their difference is a latency; older agents stamp the sending. */
  readonly exactTime: boolean;
  /** Request headers that the logger was told to pass on, by lower-case name. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

const TYPES: ReadonlyMap<string, readonly [PayloadEvent['dialect'], PayloadPart]> = new Map([
  ['org.kubeflow.serving.inference.request', ['kserve', 'request']],
  ['org.kubeflow.serving.inference.response', ['kserve', 'response']],
  ['io.seldon.serving.inference.request', ['seldon', 'request']],
  ['io.seldon.serving.inference.response', ['seldon', 'response']],
  ['io.seldon.serving.feedback', ['seldon', 'feedback']],
]);

/** Reads the attributes of a payload event; returns what is wrong with it otherwise. */
export function readPayloadEvent(
  event: CloudEvent,
): PayloadEvent | { readonly field: string; readonly reason: string } {
  const known = TYPES.get(event.type);
  if (known === undefined) return { field: 'type', reason: 'is no payload event of KServe or Seldon' };
  const [dialect, part] = known;
  const attribute = (name: string): string => event.extensions.get(name) ?? '';
  const id = dialect === 'seldon' ? attribute('requestid') : event.id;
  if (id === '' && part !== 'feedback') return { field: 'requestid', reason: 'is required' };
  const namespace = attribute('namespace');
  const service = attribute('inferenceservicename');
  const component = dialect === 'seldon' ? attribute('modelid') : attribute('component');
  return {
    dialect,
    part,
    joinKey: [dialect, namespace, service, component, attribute('endpoint'), id].join('\n'),
    id,
    namespace,
    service,
    component,
    endpoint: attribute('endpoint'),
    timeMs: timeOf(event.time),
    exactTime: attribute('recordedtime') !== '',
    metadata: headerValues(attribute('metadata')),
    annotations: headerValues(attribute('annotations')),
  };
}

/** Returns the 32 hexadecimal digits of the W3C trace that the call belonged to, or ''. */
export function traceOf(payload: PayloadEvent, event: CloudEvent): string {
  const parent = event.extensions.get('traceparent') ?? payload.metadata.get('traceparent') ?? '';
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(parent.toLowerCase())?.[1] ?? '';
}

/** Date.parse, but with the digits after the millisecond. */
function timeOf(text: string): number | undefined {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  const micros = /\.\d{3}(\d{1,6})/.exec(text)?.[1];
  return micros === undefined ? ms : ms + Number(`0.${micros}`);
}

/** Reads `{"Name":["v"]}` or `{"name":"v"}`. */
function headerValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (text === '') return values;
  const document = parsed(text);
  if (!isJsonObject(document)) return values;
  for (const [key, value] of Object.entries(document)) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === 'string') values.set(key.toLowerCase(), first);
  }
  return values;
}

function parsed(text: string): unknown {
  for (const read of [() => text, () => decodeURIComponent(text)]) {
    try {
      return JSON.parse(read());
    } catch {
      // The binding wants percent-encoding, which KServe leaves out: the other reading follows.
    }
  }
  return undefined;
}
