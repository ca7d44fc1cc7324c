import type { Logger } from 'pino';
import type { Clock } from '../../../core/clock.ts';
import type { Telemetry } from '../../../telemetry/telemetry.ts';
import type { RemoteWriteVersion } from './decode-request.ts';
import type { WrittenRows } from './written-rows.ts';

/** The same complaint is logged once in this time. */
const QUIET_MS = 60_000;

/** Says how remote write does: metrics for every request, and a log line a minute at most for each kind of refusal. */
export class WriteHealth {
  readonly #telemetry: Telemetry;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #saidMs = new Map<string, number>();

  constructor(options: { readonly telemetry: Telemetry; readonly logger: Logger; readonly clock: Clock }) {
    this.#telemetry = options.telemetry;
    this.#logger = options.logger;
    this.#clock = options.clock;
  }

  report(version: RemoteWriteVersion, written: WrittenRows): void {
    this.#countRequest(version, written.refused.size === 0 ? 'taken' : 'partly_refused');
    const outcomes = [
      ['stored', written.rows.length],
      ['duplicate', written.duplicates],
      ['valueless', written.valueless],
    ] as const;
    for (const [outcome, samples] of outcomes) {
      this.#telemetry
        .counter(
          'plumbline_remote_write_samples_total',
          'Remotely written samples by what became of them: stored, duplicate (stored before), valueless (NaN).',
          ['outcome'],
        )
        .inc({ outcome }, samples);
    }
    for (const [reason, samples] of written.refused) {
      this.#telemetry
        .counter('plumbline_remote_write_refused_total', 'Remotely written samples refused, by reason.', ['reason'])
        .inc({ reason }, samples);
      this.#warn(reason, { reason, samples }, 'Remotely written samples are refused.');
    }
  }

  refuseRequest(version: RemoteWriteVersion, outcome: 'unreadable' | 'too_large', detail: string): void {
    this.#countRequest(version, outcome);
    this.#warn(outcome, { outcome, detail }, 'A remote write request is refused.');
  }

  /** Counts a sender that was told to come back later. */
  turnAway(): void {
    this.#telemetry
      .counter('plumbline_remote_write_turned_away_total', 'Requests told to come again because the store is slow.')
      .inc();
    this.#warn('turned_away', {}, 'Remote write senders are told to come again later: the store is slow.');
  }

  #countRequest(version: RemoteWriteVersion, outcome: string): void {
    this.#telemetry
      .counter('plumbline_remote_write_requests_total', 'Remote write requests, by version and outcome.', [
        'version',
        'outcome',
      ])
      .inc({ version, outcome });
  }

  #warn(key: string, fields: Readonly<Record<string, unknown>>, sentence: string): void {
    const nowMs = this.#clock.now();
    if (nowMs - (this.#saidMs.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    this.#saidMs.set(key, nowMs);
    this.#logger.warn({ event: 'remote_write_refused', ...fields }, sentence);
  }
}
