import { FlightFeatureStream } from './flight-features.ts';
import type { FlightSource } from './flights.ts';
import type { IngestClient } from './ingest-client.ts';
import type { PredictionLog } from './prediction-log.ts';
import type { ReplayClock } from './replay-clock.ts';

/** Lets the flights happen again: moves the date, predicts what departs, reports what has landed, in order. */
export class FlightReplay {
  readonly #source: FlightSource;
  readonly #log: PredictionLog;
  readonly #client: IngestClient;
  readonly #clock: ReplayClock;
  readonly #stream = new FlightFeatureStream();
  #at: number;

  constructor(options: {
    readonly source: FlightSource;
    readonly log: PredictionLog;
    readonly client: IngestClient;
    readonly clock: ReplayClock;
    readonly startMs: number;
  }) {
    this.#source = options.source;
    this.#log = options.log;
    this.#client = options.client;
    this.#clock = options.clock;
    this.#at = options.startMs;
  }

  /** Where the replay is, in epoch milliseconds. */
  get at(): number {
    return this.#at;
  }

  /** Replays up to `toMs` in one step: sends the predictions of that span and the labels that became known in it. */
  async advance(toMs: number): Promise<void> {
    const flights = await this.#source.departed(this.#at, toMs);
    this.#stream.forEach(flights, (flight) => this.#log.add(flight));
    this.#clock.moveTo(toMs);
    const span = `${this.#at}-${toMs}`;
    this.#at = toMs;
    await this.#client.send('/v1/predictions', this.#log.takePredictions(), `demo-predictions-${span}`);
    await this.#client.send('/v1/labels', this.#log.takeLabels(toMs), `demo-labels-${span}`);
  }

  /** Replays up to `toMs` in steps of a day (UTC), telling after each how far it is. An abort ends it between two days. */
  async advanceByDay(options: {
    readonly toMs: number;
    readonly onStep: (atMs: number) => void;
    readonly signal: AbortSignal;
  }): Promise<void> {
    const { toMs, onStep, signal } = options;
    while (this.#at < toMs && !signal.aborted) {
      const nextDay = (Math.floor(this.#at / DAY_MS) + 1) * DAY_MS;
      await this.advance(Math.min(nextDay, toMs));
      onStep(this.#at);
    }
  }

  /** Lets the flights in the air land and waits until everything is stored. */
  async finish(): Promise<void> {
    while (this.#log.inTheAir > 0) await this.advance(this.#at + HOUR_MS);
    await this.#client.settle();
  }
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
