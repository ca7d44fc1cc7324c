import { JsonSplitter } from '../http/json-splitter.ts';
import { LineSplitter } from '../http/line-splitter.ts';
import type { HeaderMap } from '../cloudevents/parse-cloud-events.ts';
import { parseCloudEvents } from '../cloudevents/parse-cloud-events.ts';
import type { LogRecord } from './log-consumer.ts';

export interface MessageSink {
  line(line: Uint8Array, fullBytes: number): void;
  problem(field: string, reason: string, text: string): void;
}

const NEWLINE = 10;
const OPEN_OBJECT = 123;
const OPEN_ARRAY = 91;
const CLOSE_OBJECT = 125;
const SHOWN_BYTES = 16_384;

/**
 * Cuts a message into records: one JSON object, several as NDJSON or as an array, or CloudEvents in binary,
 * structured or batched mode whose data are such records. An ordinary message is not looked into.
 */
export function cutMessage(record: LogRecord, sink: MessageSink): void {
  const { value } = record;
  if (value?.[0] === OPEN_OBJECT && !value.includes(NEWLINE) && !isCloudEvent(record.headers)) {
    sink.line(value, value.length);
  } else if (value === null) sink.problem('', 'message has no value (tombstone)', '');
  else if (isCloudEvent(record.headers)) cutEvents(value, record.headers, sink);
  else cutValue(value, sink);
}

function cutValue(value: Buffer, sink: MessageSink): void {
  let lines = 0;
  const count = (line: Uint8Array, _lineNumber: number, fullBytes: number): void => {
    lines += 1;
    sink.line(line, fullBytes);
  };
  const firstByte = value.find((byte) => byte > 32);
  if (firstByte === OPEN_ARRAY) {
    const splitter = new JsonSplitter(count);
    splitter.push(value);
    splitter.end();
  } else if (firstByte !== undefined && (!value.includes(NEWLINE) || isOneDocument(value))) {
    count(value, 1, value.length);
  } else {
    const splitter = new LineSplitter(count);
    splitter.push(value);
    splitter.end();
  }
  if (lines === 0) sink.problem('', 'message holds no record', shown(value));
}

/** Several lines are one record only when they are one JSON text: somebody sends indented JSON. */
function isOneDocument(value: Buffer): boolean {
  let end = value.indexOf(NEWLINE) - 1;
  while (end >= 0 && (value[end] ?? 0) <= 32) end -= 1;
  if (value[end] === CLOSE_OBJECT && value.subarray(end + 1).some((byte) => byte > 32)) return false;
  try {
    JSON.parse(value.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

function isCloudEvent(headers: LogRecord['headers']): boolean {
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (lower === 'ce_specversion') return true;
    if (lower === 'content-type' && headerText(headers[name]).toLowerCase().startsWith('application/cloudevents')) {
      return true;
    }
  }
  return false;
}

function cutEvents(body: Buffer, headers: LogRecord['headers'], sink: MessageSink): void {
  const map: HeaderMap = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), headerText(value)]),
  );
  const { events, problems } = parseCloudEvents({ headers: map, body, prefix: 'ce_' });
  for (const { field, reason, text } of problems) {
    sink.problem(field === '' ? '' : `ce_${field}`, field === '' ? `CloudEvent ${reason}` : reason, text);
  }
  for (const { data } of events) {
    if (data.kind === 'bytes') {
      cutValue(data.bytes, sink);
    } else {
      for (const value of Array.isArray(data.value) ? data.value : [data.value]) cutJson(value, sink);
    }
  }
}

function cutJson(value: unknown, sink: MessageSink): void {
  if (value === undefined || value === null) {
    sink.problem('data', 'is required', '');
    return;
  }
  const line = Buffer.from(JSON.stringify(value), 'utf8');
  sink.line(line, line.length);
}

function headerText(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  if (Array.isArray(value)) return value.map(headerText).join(', ');
  return typeof value === 'string' ? value : '';
}

function shown(value: Buffer): string {
  return value.subarray(0, SHOWN_BYTES).toString('utf8');
}
