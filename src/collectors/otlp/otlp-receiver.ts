import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import type { BatchWriter } from '../../store/ingest/batch-writer.ts';
import type { UnitOutcome } from '../../store/ingest/unit-outcome.ts';
import { type RecordKind, UnitBuilder } from '../../store/ingest/unit.ts';
import { OverloadedError, StoreSlowError } from '../../store/ingest/writer-errors.ts';
import { unzipBody } from '../http/unzip-body.ts';
import type { Collector } from '../collector.ts';
import { DerivedSamples, type DerivedSamplesOptions } from '../prometheus/derived-samples.ts';
import { metricRow, type TimedSample } from '../prometheus/metric-row.ts';
import type { Labels } from '../prometheus/metric-sample.ts';
import { RecentSamples } from '../prometheus/remote-write/recent-samples.ts';
import { SeriesBudget } from '../prometheus/series-budget.ts';
import { sampleKey, seriesKey } from '../prometheus/series-key.ts';
import type { BentoSchemas } from './bento-record.ts';
import type { OtlpConfig } from './config.ts';
import { evaluationLabel } from './gen-ai-record.ts';
import { logEntries } from './log-entry.ts';
import { predictionOf } from './log-prediction.ts';
import { metricSamples } from './metric-samples.ts';
import { OtlpCodec, type OtlpFormat, type OtlpSignal, type PartialSuccess } from './otlp-codec.ts';

export interface OtlpReceiverOptions extends DerivedSamplesOptions {
  readonly config: OtlpConfig;
  readonly writer: Pick<BatchWriter, 'submit'>;
  /** How long a sender waits for its metrics to be stored, in milliseconds. */
  readonly answerMs: number;
}

export interface OtlpRequest {
  readonly signal: OtlpSignal;
  readonly format: OtlpFormat;
  readonly encoding: string | undefined;
  readonly body: Buffer;
}

const UNIT_ROWS = 25_000;
const AHEAD_MS = 3_600_000;
const OLDEST_MS = Date.UTC(1990, 0, 1);
const RECENT_SAMPLES = 100_000;

/**
 * Stores OTLP logs as predictions and labels, and OTLP metrics as samples, before it answers. GPU and serving signals are
 * derived from metrics as from a scrape.
 */
export class OtlpReceiver implements Collector {
  readonly name = 'otlp';
  readonly codec = new OtlpCodec();
  readonly #options: OtlpReceiverOptions;
  readonly #budget: SeriesBudget;
  readonly #schemas: BentoSchemas = new Map();
  readonly #derived: DerivedSamples;
  /** What was derived from lately: a request that is sent again must not count twice. */
  readonly #recent = new RecentSamples(RECENT_SAMPLES);
  #heldBytes = 0;

  constructor(options: OtlpReceiverOptions) {
    this.#options = options;
    this.#budget = new SeriesBudget(options.config.series_limit);
    this.#derived = new DerivedSamples(options);
  }

  /** Does nothing: requests come through `take`, with or without background work. */
  async start(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#derived.stop();
  }

  /**
   * Stores one request and returns what was refused of it. The same request again stores nothing twice.
   *
   * @throws OtlpBodyError, BodyEncodingError, BodyTooLargeError; OverloadedError, StoreSlowError, StoreError: come back
   */
  async take(request: OtlpRequest): Promise<PartialSuccess | undefined> {
    const { config, telemetry } = this.#options;
    if (this.#heldBytes > 0 && this.#heldBytes + request.body.length > config.max_held_bytes)
      throw new OverloadedError();
    let held = request.body.length;
    this.#heldBytes += held;
    try {
      const body = await unzipBody(request.body, request.encoding, config.max_body_bytes);
      this.#heldBytes += body.length;
      held += body.length;
      return await telemetry.observe('collectors', `otlp_${request.signal}`, () =>
        request.signal === 'logs' ? this.#takeLogs(request.format, body) : this.#takeMetrics(request.format, body),
      );
    } finally {
      this.#heldBytes -= held;
    }
  }

  async #takeLogs(format: OtlpFormat, body: Buffer): Promise<PartialSuccess | undefined> {
    const nowMs = this.#options.wallClock.now();
    const lanes = { predictions: this.#lane('predictions', nowMs), labels: this.#lane('labels', nowMs) };
    for (const entry of logEntries(this.codec.decode('logs', format, body), nowMs)) {
      const label = evaluationLabel(entry);
      if (label === undefined) lanes.predictions.add(predictionOf(entry, this.#schemas));
      else lanes.labels.add(label);
    }
    const outcomes = [...(await lanes.predictions.end()), ...(await lanes.labels.end())];
    const rejected = outcomes.reduce((sum, outcome) => sum + outcome.rejected, 0);
    this.#count(
      'logs',
      outcomes.reduce((sum, outcome) => sum + outcome.accepted, 0),
      rejected,
    );
    if (rejected === 0) return undefined;
    const first = outcomes.flatMap(({ errors }) => errors)[0];
    const message =
      first === undefined
        ? 'Some log records are no records.'
        : `Log record ${first.line}: ${first.field} ${first.reason}.`;
    return { rejected, message };
  }

  /** Cuts records into units and has them stored. */
  #lane(kind: RecordKind, nowMs: number) {
    const builder = new UnitBuilder(kind, nowMs);
    const sent: Promise<UnitOutcome>[] = [];
    let lines = 0;
    const send = (): void => {
      const outcome = this.#options.writer.submit({ ...builder.finish(undefined), collector: 'otlp' });
      // Whoever waits for all of them learns of the fault; meanwhile it is nobody's.
      outcome.catch(() => undefined);
      sent.push(outcome);
    };
    return {
      add: (record: Readonly<Record<string, unknown>>): void => {
        lines += 1;
        builder.add(Buffer.from(JSON.stringify(record)), lines);
        if (builder.rows >= UNIT_ROWS) send();
      },
      end: (): Promise<readonly UnitOutcome[]> => {
        if (builder.rows > 0) send();
        return Promise.all(sent);
      },
    };
  }

  async #takeMetrics(format: OtlpFormat, body: Buffer): Promise<PartialSuccess | undefined> {
    const nowMs = this.#options.wallClock.now();
    const { points, refused: unfit } = metricSamples(this.codec.decode('metrics', format, body), nowMs);
    const refused = new Map(unfit);
    const refuse = (reason: string): void => {
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
    };
    const good = points.filter((samples) => {
      const isInTime = samples.every(({ timestampMs: ts }) => ts >= OLDEST_MS && ts <= nowMs + AHEAD_MS);
      if (!isInTime) refuse('has a time before 1990 or more than an hour ahead');
      else if (!samples.every(({ name, labels }) => this.#budget.admit(name, labels, nowMs)))
        refuse('is over the series limit');
      else return true;
      return false;
    });
    const samples = good.flat();
    const rows = samples.map(metricRow);
    const token = `otlp-${createHash('sha256').update(body).digest('hex')}`;
    await this.#inTime(this.#options.store.insert('metric_samples', rows, { token }));
    this.#derive(samples);
    const rejected = [...refused.values()].reduce((sum, count) => sum + count, 0);
    this.#count('metrics', good.length, rejected);
    const [first] = refused;
    return first === undefined ? undefined : { rejected, message: `A data point ${first[0]}.` };
  }

  #derive(samples: readonly TimedSample[]): void {
    const fresh = samples.filter(
      ({ name, labels, timestampMs }) => !this.#recent.has(sampleKey(seriesKey(name, labels), timestampMs)),
    );
    this.#recent.add(fresh.map(({ name, labels, timestampMs }) => sampleKey(seriesKey(name, labels), timestampMs)));
    this.#derived.add(fresh.map((sample) => ({ ...sample, labels: withPlace(sample.labels) })));
  }

  /** A late insert goes on; its token makes the next try of the sender count once. */
  async #inTime(insert: Promise<void>): Promise<void> {
    const { wallClock, answerMs } = this.#options;
    const answered = new AbortController();
    const isLate = wallClock.sleep(answerMs, answered.signal).then(() => true);
    try {
      if ((await Promise.race([insert, isLate])) === true) throw new StoreSlowError();
    } finally {
      answered.abort();
      insert.catch(() => undefined); // a late fault concerns nobody: the sender was told to come back
    }
  }

  #count(signal: OtlpSignal, accepted: number, rejected: number): void {
    const counter = this.#options.telemetry.counter(
      'plumbline_ingest_otlp_items_total',
      'OTLP log records and data points by what became of them.',
      ['signal', 'outcome'],
    );
    counter.inc({ signal, outcome: 'accepted' }, accepted);
    counter.inc({ signal, outcome: 'rejected' }, rejected);
  }
}

/** Adds pod, namespace and node of the resource under the names that Prometheus uses, where the point has none. */
function withPlace(labels: Labels): Labels {
  const place = (['pod', 'namespace', 'node'] as const).flatMap((name) => {
    const value = labels[`k8s_${name}_name`];
    return value === undefined || labels[name] !== undefined ? [] : [[name, value] as const];
  });
  return place.length === 0 ? labels : { ...labels, ...Object.fromEntries(place) };
}

/** Returns the HTTP status for a fault. Only 429 and 503 make an exporter come back. */
export function otlpStatus(error: unknown): 400 | 413 | 500 | 503 {
  if (!(error instanceof AppError)) return 500;
  if (error.code === 'E_BODY_TOO_LARGE') return 413;
  if (error.code === 'E_OTLP_BODY' || error.code === 'E_BODY_ENCODING') return 400;
  return error.retryable ? 503 : 500;
}
