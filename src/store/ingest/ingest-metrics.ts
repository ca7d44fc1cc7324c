import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { IngestUnit, RecordKind } from './unit.ts';
import type { Receipt, StoredOutcome } from './unit-outcome.ts';

/** Who brings units that name nobody: the HTTP routes. */
const DEFAULT_COLLECTOR = 'http';
const LABELS = ['collector', 'kind'] as const;
const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];
const DELAYS = [1, 2, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400];

/** Counts what becomes of units by collector and kind. It works on whole units only, never on single records. */
export class IngestMetrics {
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;
  readonly #health: CollectorHealth | undefined;
  readonly #watermarks = new Map<string, number>();

  constructor(options: {
    readonly telemetry: Telemetry;
    readonly clock: Clock;
    readonly health: CollectorHealth | undefined;
  }) {
    this.#telemetry = options.telemetry;
    this.#clock = options.clock;
    this.#health = options.health;
  }

  /** Notes a unit that is stored now; `sinceMs` is when it was handed in. */
  stored(unit: IngestUnit, { outcome, times }: Receipt, sinceMs: number): void {
    const labels = labelsOf(unit);
    const now = this.#clock.now();
    this.#count('accepted', 'Records stored.', labels, outcome.accepted);
    this.#count('rejected', 'Records refused.', labels, outcome.rejected);
    this.#count('dead_letters', 'Records kept as dead letters.', labels, outcome.rejected);
    this.#count('late', 'Records stored after their minute had been evaluated.', labels, times.late);
    this.#count('bytes', 'Bytes of records stored.', labels, unit.bytes);
    this.#telemetry
      .histogram('plumbline_ingest_batch_seconds', 'From handing in records to having them stored.', LABELS, SECONDS)
      .observe({ ...labels }, Math.max(0, now - sinceMs) / 1000);
    if (outcome.accepted > 0) this.#delays(labels, { outcome, times }, now - sinceMs);
    this.#health?.succeeded(labels.collector);
  }

  /** Notes a unit that had been stored before. */
  duplicate(unit: IngestUnit, outcome: StoredOutcome): void {
    const labels = labelsOf(unit);
    const rows = outcome.accepted + outcome.rejected;
    this.#count('duplicates', 'Records sent again and not stored again.', labels, rows);
    this.#health?.succeeded(labels.collector);
  }

  /** Notes a unit that was not stored. */
  failed(unit: IngestUnit, error: unknown): void {
    const labels = labelsOf(unit);
    this.#count('failures', 'Times that records could not be stored; their sender was told.', labels, 1);
    this.#health?.failed(labels.collector, describeError(error));
  }

  /** Notes a batch that reached the database. */
  sent(kind: RecordKind, rows: number): void {
    this.#telemetry.counter('plumbline_ingest_rows_total', 'Records stored or rejected.', ['kind']).inc({ kind }, rows);
  }

  /** Notes a batch that is sent again. */
  retried(kind: RecordKind): void {
    this.#telemetry
      .counter('plumbline_ingest_retries_total', 'Batches sent to the database again.', ['kind'])
      .inc({ kind });
  }

  /** Shows at every scrape what waits: its bytes, and since when the oldest unit does. */
  showWaiting(waiting: { readonly bytes: () => number; readonly oldestSinceMs: () => number | undefined }): void {
    this.#telemetry.gaugeOf(
      'plumbline_ingest_pending_bytes',
      'Bytes of records that wait for the database.',
      waiting.bytes,
    );
    this.#telemetry.gaugeOf(
      'plumbline_ingest_lag_seconds',
      'How long the oldest records have waited for the database.',
      () => Math.max(0, this.#clock.now() - (waiting.oldestSinceMs() ?? this.#clock.now())) / 1000,
    );
  }

  #delays(labels: Labels, { outcome, times }: Receipt, waitedMs: number): void {
    const slowest = Math.max(0, this.#clock.now() - times.oldestMs) / 1000;
    this.#telemetry
      .histogram(
        'plumbline_ingest_delay_seconds',
        "From a record's own time to having it stored: the oldest record of each piece of work.",
        LABELS,
        DELAYS,
      )
      .observe({ ...labels }, slowest);
    const total = (times.delaySumMs + outcome.accepted * Math.max(0, waitedMs)) / 1000;
    const help = "Sum over records of the time from a record's own time to having it stored; divide by accepted.";
    this.#telemetry
      .counter('plumbline_ingest_record_delay_seconds_total', help, LABELS)
      .inc({ ...labels }, Math.max(0, total));
    const key = `${labels.collector} ${labels.kind}`;
    const newest = Math.max(times.newestMs, this.#watermarks.get(key) ?? 0);
    this.#watermarks.set(key, newest);
    this.#telemetry
      .gauge(
        'plumbline_ingest_watermark_timestamp_seconds',
        'Time of the newest record stored, in seconds since 1970.',
        LABELS,
      )
      .set({ ...labels }, newest / 1000);
  }

  #count(what: string, help: string, labels: Labels, by: number): void {
    this.#telemetry.counter(`plumbline_ingest_${what}_total`, help, LABELS).inc({ ...labels }, by);
  }
}

interface Labels {
  readonly collector: string;
  readonly kind: RecordKind;
}

function labelsOf(unit: IngestUnit): Labels {
  return { collector: unit.collector ?? DEFAULT_COLLECTOR, kind: unit.kind };
}
