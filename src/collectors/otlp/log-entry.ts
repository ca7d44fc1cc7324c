import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import { attributes, anyValue, hexId, messages, milliseconds } from './otlp-value.ts';

export type RecordFields = Readonly<Record<string, unknown>>;

/** One log record and where it came from. */
export interface LogEntry {
  readonly eventName: string;
  readonly scope: string;
  readonly resource: ReadonlyMap<string, unknown>;
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly body: unknown;
  readonly tsMs: number;
  readonly traceId: string;
}

/** Returns the log records of a request in their order. */
export function* logEntries(request: JsonObject, receivedMs: number): Generator<LogEntry> {
  for (const ofResource of messages(request['resourceLogs'])) {
    const owner = ofResource['resource'];
    const resource = attributes(isJsonObject(owner) ? owner['attributes'] : undefined);
    for (const ofScope of messages(ofResource['scopeLogs'])) {
      const { scope } = ofScope;
      const scopeName = isJsonObject(scope) && typeof scope['name'] === 'string' ? scope['name'] : '';
      for (const log of messages(ofScope['logRecords'])) {
        const own = attributes(log['attributes']);
        const name = log['eventName'] ?? own.get('event.name');
        yield {
          eventName: typeof name === 'string' ? name : '',
          scope: scopeName,
          resource,
          attributes: own,
          body: anyValue(log['body']),
          tsMs: milliseconds(log['timeUnixNano']) ?? milliseconds(log['observedTimeUnixNano']) ?? receivedMs,
          traceId: hexId(log['traceId'], 16),
        };
      }
    }
  }
}
