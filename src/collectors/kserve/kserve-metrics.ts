import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { PayloadPart } from './payload-event.ts';

/** Counts what the payload collector sees, keeps and drops. */
export class KserveMetrics {
  readonly #telemetry: Telemetry;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  event(part: PayloadPart): void {
    this.#count('events', 'Payload events read.', 'part', part);
  }

  joined(): void {
    this.#count('joined', 'Requests and responses brought together.');
  }

  orphan(part: string): void {
    this.#count('orphans', 'Halves stored without the other one.', 'part', part);
  }

  duplicate(): void {
    this.#count('duplicates', 'Payload events that had come before.');
  }

  late(): void {
    this.#count('late', 'Halves that came after the other one had been stored alone; kept as dead letters.');
  }

  shed(): void {
    this.#count('shed', 'Requests dropped because too many events waited.');
  }

  malformed(): void {
    this.#count('malformed', 'Events or payloads that could not be read; kept as dead letters.');
  }

  lost(records: number): void {
    this.#count('lost', 'Records and dead letters that the database did not take.', undefined, undefined, records);
  }

  pending(events: number): void {
    this.#telemetry
      .gauge('plumbline_ingest_kserve_pending_events', 'Payload events that wait for their other half.')
      .set(events);
  }

  #count(noun: string, help: string, label?: 'part', value?: string, by = 1): void {
    const labels = label === undefined ? [] : [label];
    const counter = this.#telemetry.counter(`plumbline_ingest_kserve_${noun}_total`, help, labels);
    if (label === undefined || value === undefined) counter.inc(by);
    else counter.inc({ [label]: value }, by);
  }
}
