import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import type { Telemetry } from './telemetry.ts';

/** How one collector does at a moment. */
export interface CollectorState {
  readonly collector: string;
  readonly up: boolean;
  /** Milliseconds since 1970; undefined when nothing has succeeded in this process. */
  readonly lastSuccessMs: number | undefined;
  /** Why it is down; empty when it is up. */
  readonly detail: string;
}

interface Watched {
  lastSuccessMs: number | undefined;
  failure: string | undefined;
  /** Longest silence that is still normal, in milliseconds; undefined for those that only wait for senders. */
  readonly silenceMs: number | undefined;
  readonly sinceMs: number;
  wasUp: boolean;
}

const CHECK_MS = 15_000;

/**
 * Knows which collectors work. One is down when the last thing it did failed, or when it has been silent for longer
 * than it said it may be; the turn is logged once and shows in plumbline_ingest_collector_up and on /readyz.
 */
export class CollectorHealth {
  readonly name = 'collector_health';
  readonly #telemetry: Telemetry;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: { readonly telemetry: Telemetry; readonly logger: Logger; readonly clock: Clock }) {
    this.#telemetry = options.telemetry;
    this.#logger = options.logger;
    this.#clock = options.clock;
  }

  /** Begins to look for collectors that have fallen silent. */
  async start(): Promise<void> {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Announces a collector that must succeed at least every `silenceMs` milliseconds. Announced again, nothing changes. */
  expect(collector: string, silenceMs: number): void {
    if (this.#watched.get(collector)?.silenceMs === undefined) this.#add(collector, silenceMs);
  }

  /** Notes that a collector stored something or found, as it should, nothing to store. */
  succeeded(collector: string): void {
    const watched = this.#watched.get(collector) ?? this.#add(collector, undefined);
    watched.lastSuccessMs = this.#clock.now();
    watched.failure = undefined;
    this.#show(collector, watched);
  }

  /** Notes that what a collector did last failed; `detail` says why, without secrets. */
  failed(collector: string, detail: string): void {
    const watched = this.#watched.get(collector) ?? this.#add(collector, undefined);
    watched.failure = detail;
    this.#show(collector, watched);
  }

  /** Returns how every collector does now. */
  states(): readonly CollectorState[] {
    return [...this.#watched].map(([collector, watched]) => {
      const detail = this.#faultOf(watched);
      return { collector, up: detail === '', lastSuccessMs: watched.lastSuccessMs, detail };
    });
  }

  /** Compares what is with what was said last, and logs and shows the difference. */
  check(): void {
    for (const [collector, watched] of this.#watched) this.#show(collector, watched);
  }

  #add(collector: string, silenceMs: number | undefined): Watched {
    const known = this.#watched.get(collector);
    const watched: Watched = {
      lastSuccessMs: known?.lastSuccessMs,
      failure: known?.failure,
      silenceMs,
      sinceMs: this.#clock.now(),
      wasUp: known?.wasUp ?? true,
    };
    this.#watched.set(collector, watched);
    this.#show(collector, watched);
    return watched;
  }

  #faultOf(watched: Watched): string {
    if (watched.failure !== undefined) return watched.failure;
    if (watched.silenceMs === undefined) return '';
    const silentMs = this.#clock.now() - (watched.lastSuccessMs ?? watched.sinceMs);
    return silentMs > watched.silenceMs ? `no success for ${Math.round(silentMs / 1000)} seconds` : '';
  }

  #show(collector: string, watched: Watched): void {
    const detail = this.#faultOf(watched);
    const up = detail === '';
    this.#telemetry
      .gauge('plumbline_ingest_collector_up', 'Whether a collector works (1) or has failed or fallen silent (0).', [
        'collector',
      ])
      .set({ collector }, up ? 1 : 0);
    if (watched.lastSuccessMs !== undefined) {
      this.#telemetry
        .gauge(
          'plumbline_ingest_last_success_timestamp_seconds',
          'When a collector succeeded last, in seconds since 1970.',
          ['collector'],
        )
        .set({ collector }, watched.lastSuccessMs / 1000);
    }
    if (up === watched.wasUp) return;
    watched.wasUp = up;
    if (up) this.#logger.info({ event: 'collector_recovered', collector }, 'A collector works again.');
    else this.#logger.warn({ event: 'collector_down', collector, detail }, 'A collector has stopped working.');
  }

  async #loop(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(CHECK_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      this.check();
    }
  }
}
