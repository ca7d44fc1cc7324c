import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import type { BatchWriter } from '../../store/ingest/batch-writer.ts';
import { type IngestUnit, type RecordKind, UnitBuilder } from '../../store/ingest/unit.ts';
import type { Store } from '../../store/store.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { CloudEvent } from '../cloudevents/cloud-event.ts';
import { type HeaderMap, parseCloudEvents } from '../cloudevents/parse-cloud-events.ts';
import type { Collector } from '../collector.ts';
import { BodyEncodingError } from '../http/body-encoding-error.ts';
import { BodyTooLargeError } from '../http/intake.ts';
import { unzipBody } from '../http/unzip-body.ts';
import type { KserveConfig } from './config.ts';
import { DeadLetters } from './dead-letters.ts';
import { feedbackLabels } from './feedback-labels.ts';
import { KserveMetrics } from './kserve-metrics.ts';
import { readPayloadEvent } from './payload-event.ts';
import { type PayloadHalf, readHalf, type UrlHints } from './payload-half.ts';
import { PayloadJoiner } from './payload-joiner.ts';
import { type Call, modelOf, predictionRecords, type PredictionRecord } from './prediction-records.ts';
import { UnitOutlet } from './unit-outlet.ts';

/** One POST of a payload logger as it came. */
export interface PayloadMessage {
  readonly headers: HeaderMap;
  readonly body: Buffer;
  readonly hints: UrlHints;
  /** The body was longer than allowed and is not here. */
  readonly isTooLarge: boolean;
}

export interface KserveOptions {
  readonly config: KserveConfig;
  readonly store: Pick<Store, 'insert'>;
  readonly writer: Pick<BatchWriter, 'submit'>;
  /** The machine's clock. */
  readonly wallClock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

interface Queued {
  readonly message: PayloadMessage;
  readonly receivedMs: number;
}

const DRAIN_MS = 10_000;
/** Bytes of records on their way to the database; beyond that events wait in the queue, and then are shed. */
const MAX_UNSTORED_BYTES = 64 * 1024 * 1024;
/** Milliseconds of reading after which other work gets its turn. */
const TURN_MS = 8;
const MESSAGE_BYTES = 2048;

/**
 * Turns payload logger events into prediction records and labels. The sender never tries again and is never kept
 * waiting: a message is queued in memory and read behind its answer, and dropped, and counted, when the queue is full.
 */
export class KserveCollector implements Collector {
  readonly name = 'kserve';
  readonly #options: KserveOptions;
  readonly #metrics: KserveMetrics;
  readonly #joiner: PayloadJoiner;
  readonly #outlet: UnitOutlet;
  readonly #deadLetters: DeadLetters;
  readonly #closing = new AbortController();
  #queue: Queued[] = [];
  #heldBytes = 0;
  #reading: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: KserveOptions) {
    const { config, writer, store, wallClock: clock, random, logger } = options;
    this.#options = options;
    this.#metrics = new KserveMetrics(options.telemetry);
    this.#joiner = new PayloadJoiner({
      timeoutMs: config.join_timeout,
      maxPending: config.max_pending,
      maxPendingBytes: config.max_pending_bytes,
    });
    const onLost = (count: number): void => this.#metrics.lost(count);
    this.#outlet = new UnitOutlet({ writer, clock, random, logger, onLost });
    this.#deadLetters = new DeadLetters({ store, clock, random, logger, source: 'kserve', onLost });
  }

  async start(): Promise<void> {
    // It works when it is given something.
  }

  /** Reserves memory for bytes that are being received; false means that the message is to be dropped. */
  reserve(bytes: number): boolean {
    if (this.#closing.signal.aborted || this.#heldBytes + bytes > this.#options.config.max_queue_bytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }

  /** Counts a message that was dropped because there was no room. */
  shed(): void {
    this.#metrics.shed();
  }

  /** Takes a message, or drops and counts it when too much waits; returns which. */
  take(message: PayloadMessage): boolean {
    if (!this.reserve(message.body.length + MESSAGE_BYTES)) {
      this.#metrics.shed();
      return false;
    }
    this.#queue.push({ message, receivedMs: this.#options.wallClock.now() });
    this.#reading ??= this.#readQueue();
    return true;
  }

  /** Reads what is queued, stores halves that still wait as they are, and waits for the store for some seconds. */
  async stop(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#reading;
    await this.#sweeping;
    for (const half of this.#joiner.takeAll()) this.#storeOrphan(half);
    await this.#outlet.close(DRAIN_MS);
    await this.#deadLetters.close(DRAIN_MS);
  }

  async #readQueue(): Promise<void> {
    await nextTurn();
    let since = performance.now();
    while (this.#queue.length > 0) {
      const turn = this.#queue;
      this.#queue = [];
      for (const queued of turn) {
        await this.#readMessage(queued);
        this.#heldBytes -= queued.message.body.length + MESSAGE_BYTES;
        while (this.#outlet.waitingBytes > MAX_UNSTORED_BYTES && !this.#closing.signal.aborted) {
          await this.#outlet.progress();
        }
        if (performance.now() - since > TURN_MS) {
          await nextTurn();
          since = performance.now();
        }
      }
    }
    this.#reading = undefined;
  }

  async #readMessage({ message, receivedMs }: Queued): Promise<void> {
    const { config, logger } = this.#options;
    try {
      const encoding = message.headers['content-encoding'];
      const body = message.isTooLarge
        ? message.body
        : await unzipBody(message.body, typeof encoding === 'string' ? encoding : '', config.max_batch_bytes);
      if (message.isTooLarge && isEnvelope(message)) {
        this.#bury('', `is larger than ${config.max_batch_bytes} bytes`, '');
        return;
      }
      const { events, problems } = parseCloudEvents({ headers: message.headers, body });
      for (const { field, reason, text } of problems) this.#bury(field, reason, text);
      for (const event of events) this.#readEvent(event, message, receivedMs);
    } catch (error) {
      if (error instanceof BodyEncodingError || error instanceof BodyTooLargeError) {
        this.#bury('', error.message, headText(message));
        return;
      }
      // One event may cost itself and nothing else, whatever is in it.
      logger.warn({ event: 'payload_unreadable', err: error }, 'A payload event could not be read.');
      this.#bury('', 'could not be read', headText(message));
    }
  }

  #readEvent(event: CloudEvent, message: PayloadMessage, receivedMs: number): void {
    const { config } = this.#options;
    const payload = readPayloadEvent(event);
    if ('reason' in payload) {
      this.#bury(payload.field, payload.reason, eventText(event));
      return;
    }
    this.#metrics.event(payload.part);
    const half = readHalf({ event, payload, hints: message.hints, receivedMs, config });
    if (payload.part === 'feedback') {
      const maxBytes = config.max_body_bytes;
      const labels = feedbackLabels({ event, payload, model: modelOf(half), maxBytes, receivedMs });
      if ('reason' in labels) this.#bury(labels.field, labels.reason, eventText(event));
      else this.#store('labels', labels, { key: `feedback\n${event.source}\n${event.id}`, receivedMs });
      return;
    }
    const problem = message.isTooLarge ? `is larger than ${config.max_body_bytes} bytes` : half.problem;
    if (problem !== undefined) this.#bury('data', problem, eventText(event));
    this.#join(problem === undefined ? half : { ...half, problem }, event);
  }

  #join(half: PayloadHalf, event: CloudEvent): void {
    if (half.mapping.parts !== 'both') {
      this.#storeOrphan(half);
      return;
    }
    const outcome = this.#joiner.add(half, this.#options.wallClock.now());
    switch (outcome.kind) {
      case 'joined':
        this.#metrics.joined();
        this.#storeCall(outcome.call, half);
        break;
      case 'duplicate':
        this.#metrics.duplicate();
        break;
      case 'late':
        this.#metrics.late();
        this.#deadLetters.add({
          field: 'id',
          reason: 'came after its other half had been stored alone',
          text: eventText(event),
        });
        break;
      case 'waiting':
        this.#sweeping ??= this.#sweep();
        break;
    }
    this.#storeExpired();
  }

  /** Looks for halves that have waited too long, as long as there are any. */
  async #sweep(): Promise<void> {
    const { wallClock, config } = this.#options;
    const everyMs = Math.max(10, Math.min(1000, config.join_timeout / 4));
    while (this.#joiner.pending > 0 && !this.#closing.signal.aborted) {
      await wallClock.sleep(everyMs, this.#closing.signal);
      this.#storeExpired();
    }
    this.#sweeping = undefined;
  }

  #storeExpired(): void {
    for (const half of this.#joiner.expired(this.#options.wallClock.now())) this.#storeOrphan(half);
    this.#metrics.pending(this.#joiner.pending);
  }

  #storeOrphan(half: PayloadHalf): void {
    this.#metrics.orphan(half.payload.part);
    const isResponse = half.payload.part === 'response';
    const call = isResponse ? { request: undefined, response: half } : { request: half, response: undefined };
    this.#storeCall(call, half);
  }

  /** One receipt a call, whatever halves of it there are: the same events again, also to another process, count once. */
  #storeCall(call: Call, { payload, receivedMs }: PayloadHalf): void {
    this.#store('predictions', predictionRecords(call), { key: `call\n${payload.joinKey}`, receivedMs });
  }

  #store(
    kind: RecordKind,
    records: readonly PredictionRecord[],
    { key, receivedMs }: { readonly key: string; readonly receivedMs: number },
  ): void {
    const builder = new UnitBuilder(kind, receivedMs);
    records.forEach((record, at) => builder.add(Buffer.from(JSON.stringify(record)), at + 1));
    const unit: IngestUnit = { ...builder.finish(`kserve\n${key}`), collector: this.name };
    this.#outlet.add(unit);
  }

  #bury(field: string, reason: string, text: string): void {
    this.#metrics.malformed();
    this.#deadLetters.add({ field, reason, text });
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function headText({ body }: PayloadMessage): string {
  return body.subarray(0, 1024).toString('utf8');
}

/** Tells whether the attributes are in the body. */
export function isEnvelope({ headers }: { readonly headers: HeaderMap }): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && type.trim().toLowerCase().startsWith('application/cloudevents');
}

/** Returns an event as a person reads it: its attributes and the beginning of its data. Request headers may hold secrets. */
function eventText(event: CloudEvent): string {
  const { data, extensions: all, ...attributes } = event;
  const extensions = [...all].filter(([name]) => name !== 'metadata');
  const text =
    data.kind === 'json' ? (JSON.stringify(data.value) ?? '') : data.bytes.subarray(0, 2048).toString('utf8');
  return JSON.stringify({ ...attributes, ...Object.fromEntries(extensions), data: text.slice(0, 2048) });
}
