/** One CloudEvent, whatever carried it. @see https://github.com/cloudevents/spec, version 1.0 */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** Attribute `time` as it was written; '' when the event has none. */
  readonly time: string;
  /** Content type of the data; '' when the event does not say. */
  readonly contentType: string;
  /** Every other attribute, by its lower-case name. */
  readonly extensions: ReadonlyMap<string, string>;
  readonly data: EventData;
}

/** The data of an event: a JSON value when the envelope was JSON and held one, bytes otherwise. */
export type EventData =
  | { readonly kind: 'json'; readonly value: unknown; readonly sizeBytes: number }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly sizeBytes: number };

/** Why something that was sent as an event is none. */
export interface EventProblem {
  /** Its place in the batch, from 0. */
  readonly index: number;
  /** The attribute; '' when the envelope itself cannot be read. */
  readonly field: string;
  readonly reason: string;
  /** The beginning of what was sent. */
  readonly text: string;
}
