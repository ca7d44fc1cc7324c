import type { CloudEvent, EventData, EventProblem } from './cloud-event.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';

/** Headers by lower-case name, as Node gives them. */
export type HeaderMap = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface CarriedMessage {
  readonly headers: HeaderMap;
  readonly body: Buffer;
  /** What precedes an attribute's name in a header: `ce-` in HTTP, `ce_` in Kafka. */
  readonly prefix?: 'ce-' | 'ce_';
}

export interface ParsedEvents {
  readonly events: readonly CloudEvent[];
  readonly problems: readonly EventProblem[];
}

const MAX_ATTRIBUTE_CHARS = 16_384;
const MAX_ATTRIBUTES = 128;
const MAX_BATCH_EVENTS = 10_000;
const SHOWN_CHARS = 4096;
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

/**
 * Reads the CloudEvents 1.0 of one message in binary, structured or batched mode, over any transport. An event that
 * is none becomes a problem; the others of its batch are kept.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export function parseCloudEvents(message: CarriedMessage): ParsedEvents {
  const contentType = headerText(message.headers['content-type']).trim();
  const mode = contentType.toLowerCase();
  if (!mode.startsWith('application/cloudevents')) return collect([binaryEvent(message, contentType)]);
  const document = parseJson(message.body);
  if (document === undefined) return collect([problem('', 'is not valid JSON', message.body.toString('utf8'))]);
  if (!mode.startsWith('application/cloudevents-batch'))
    return collect([structuredEvent(document, message.body.length)]);
  if (!Array.isArray(document)) return collect([problem('', 'is not a JSON array of events', shown(document))]);
  if (document.length > MAX_BATCH_EVENTS) {
    return collect([problem('', `holds more than ${MAX_BATCH_EVENTS} events`, '')]);
  }
  const share = Math.ceil(message.body.length / Math.max(1, document.length));
  return collect(document.map((each: unknown) => structuredEvent(each, share)));
}

type Outcome =
  | { readonly event: CloudEvent }
  | { readonly field: string; readonly reason: string; readonly text: string };

function collect(outcomes: readonly Outcome[]): ParsedEvents {
  const events: CloudEvent[] = [];
  const problems: EventProblem[] = [];
  outcomes.forEach((outcome, index) => {
    if ('event' in outcome) events.push(outcome.event);
    else problems.push({ index, ...outcome });
  });
  return { events, problems };
}

function problem(field: string, reason: string, text: string): Outcome {
  return { field, reason, text: text.slice(0, SHOWN_CHARS) };
}

function binaryEvent(message: CarriedMessage, contentType: string): Outcome {
  const prefix = message.prefix ?? 'ce-';
  const attributes = new Map<string, string>();
  for (const [header, value] of Object.entries(message.headers)) {
    const name = header.toLowerCase();
    if (name.startsWith(prefix)) attributes.set(name.slice(prefix.length), unescapeHeader(headerText(value)));
  }
  return toEvent(attributes, {
    contentType,
    data: { kind: 'bytes', bytes: message.body, sizeBytes: message.body.length },
    text: () => message.body.subarray(0, SHOWN_CHARS).toString('utf8'),
  });
}

function structuredEvent(document: unknown, sizeBytes: number): Outcome {
  if (!isJsonObject(document)) return problem('', 'is not a JSON object', shown(document));
  const attributes = new Map<string, string>();
  for (const [name, value] of Object.entries(document)) {
    if (name === 'data' || name === 'data_base64' || name === 'datacontenttype') continue;
    if (typeof value === 'string') attributes.set(name.toLowerCase(), value);
    else if (typeof value === 'number' || typeof value === 'boolean') attributes.set(name.toLowerCase(), String(value));
  }
  const type = document['datacontenttype'];
  const contentType = typeof type === 'string' ? type : 'application/json';
  const data = structuredData(document, contentType, sizeBytes);
  if (data === undefined) return problem('data_base64', 'must be base64 text', shown(document));
  return toEvent(attributes, { contentType, data, text: () => shown(document) });
}

function structuredData(document: JsonObject, contentType: string, sizeBytes: number): EventData | undefined {
  const encoded = document['data_base64'];
  if (encoded !== undefined) {
    if (typeof encoded !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}\s*$/.test(encoded)) return undefined;
    const bytes = Buffer.from(encoded, 'base64');
    return { kind: 'bytes', bytes, sizeBytes: bytes.length };
  }
  const data = document['data'];
  // A string of another type than JSON is the data itself, not a JSON string.
  if (typeof data === 'string' && !/[/+]json\b/i.test(contentType)) {
    const bytes = Buffer.from(data, 'utf8');
    return { kind: 'bytes', bytes, sizeBytes: bytes.length };
  }
  return { kind: 'json', value: data, sizeBytes };
}

function toEvent(
  attributes: ReadonlyMap<string, string>,
  rest: { readonly contentType: string; readonly data: EventData; readonly text: () => string },
): Outcome {
  const refuse = (field: string, reason: string): Outcome => problem(field, reason, rest.text());
  for (const name of REQUIRED) if ((attributes.get(name) ?? '') === '') return refuse(name, 'is required');
  const version = attributes.get('specversion') ?? '';
  if (!/^1\.\d+$/.test(version)) return refuse('specversion', 'must be 1.0');
  if (attributes.size > MAX_ATTRIBUTES) return refuse('', `has more than ${MAX_ATTRIBUTES} attributes`);
  const extensions = new Map<string, string>();
  for (const [name, value] of attributes) {
    if (value.length > MAX_ATTRIBUTE_CHARS) return refuse(name, `is longer than ${MAX_ATTRIBUTE_CHARS} characters`);
    if (!KNOWN.has(name)) extensions.set(name, value);
  }
  return {
    event: {
      id: attributes.get('id') ?? '',
      source: attributes.get('source') ?? '',
      type: attributes.get('type') ?? '',
      time: attributes.get('time') ?? '',
      contentType: rest.contentType,
      extensions,
      data: rest.data,
    },
  };
}

const KNOWN: ReadonlySet<string> = new Set([...REQUIRED, 'time']);

function headerText(value: string | readonly string[] | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : value.join(', ');
}

/** Header values are percent-encoded by the binding, but KServe sends raw JSON in them; that is left as it is. */
function unescapeHeader(value: string): string {
  if (!value.includes('%') || parseJson(Buffer.from(value)) !== undefined) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a percent sign that means itself
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // JSON has no undefined: the caller can tell
  }
}

function shown(document: unknown): string {
  return (JSON.stringify(document) ?? '').slice(0, SHOWN_CHARS);
}
