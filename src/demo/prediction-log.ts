import type { DepartingFlight } from './flight-features.ts';
import { isLate } from './flights.ts';
import { LabelQueue } from './label-queue.ts';
import { MODEL_NAME, MODEL_VERSION } from './late-flights-model.ts';
import { LineBuffer } from './line-buffer.ts';
import { type IncidentSpan, isDuring } from './simulated-incident.ts';
import type { TrainedModel } from './train.ts';

/** How long a prediction call takes at least while another tenant is simulated on the same processor. */
const CONTENTION_MS = 25;

/**
 * Answers flights with predictions and writes both what was predicted and, once the flight has landed, what was true,
 * as NDJSON records of the public contract. `latency_ms` is the measured time of the call.
 */
export class PredictionLog {
  readonly #trained: TrainedModel;
  readonly #contention: IncidentSpan;
  readonly #stopwatch: () => number;
  readonly #labels: LabelQueue;
  #flights = 0;
  readonly #predictions = new LineBuffer();
  readonly #known = new LineBuffer();

  constructor(options: {
    readonly trained: TrainedModel;
    /** While this lasts each call really does more work, and its records say so. */
    readonly contention: IncidentSpan;
    /** Milliseconds with fractions, from any origin. */
    readonly stopwatch: () => number;
    readonly startMs: number;
  }) {
    this.#trained = options.trained;
    this.#contention = options.contention;
    this.#stopwatch = options.stopwatch;
    this.#labels = new LabelQueue(options.startMs);
  }

  /** Labels of flights still in the air. */
  get inTheAir(): number {
    return this.#labels.waiting;
  }

  get flights(): number {
    return this.#flights;
  }

  /** Predicts one flight and writes its record. */
  add(flight: DepartingFlight): void {
    const { features, departureMs } = flight;
    const contended = isDuring(departureMs, this.#contention);
    const started = this.#stopwatch();
    if (contended) this.#simulateContention(flight, started);
    const score = this.#trained.model.predict(features);
    const latencyMs = this.#stopwatch() - started;
    const rounded = Math.round(score * 1e6) / 1e6;
    this.#flights += 1;
    const id = this.#flights;
    const delay = features.originDelayMin ?? 'null';
    const hub = this.#trained.hubs.get(features.origin) ?? 'small';
    this.#predictions.add(
      `{"prediction_id":"f${id}","ts":${departureMs},"model":"${MODEL_NAME}","version":"${MODEL_VERSION}","features":` +
        `{"distance":${features.distance},"origin":"${features.origin}","destination":"${features.destination}",` +
        `"hour":${features.hour},"weekday":"${features.weekday}","origin_delay_min":${delay}},` +
        `"prediction":${rounded >= this.#trained.threshold ? 1 : 0},"score":${rounded},` +
        `"latency_ms":${Math.round(latencyMs * 1e6) / 1e6},"segments":{"hub":"${hub}"}` +
        `${contended ? ',"simulated":"contention"' : ''}}\n`,
    );
    this.#labels.add(id, flight.landingMs, isLate(flight.delayMin));
  }

  /** Returns the predictions written since the last call. */
  takePredictions(): Buffer {
    return this.#predictions.take();
  }

  /** Returns the labels of the flights that have landed before `beforeMs` and were not returned yet. */
  takeLabels(beforeMs: number): Buffer {
    this.#labels.takeLanded(beforeMs, (id, late, landedMs) => {
      this.#known.add(
        `{"prediction_id":"f${id}","model":"${MODEL_NAME}","label":${late ? 1 : 0},"label_ts":${landedMs}}\n`,
      );
    });
    return this.#known.take();
  }

  /** Repeats the real calculation, as a busy neighbour would make it wait, until the time is over. */
  #simulateContention({ features }: DepartingFlight, started: number): void {
    while (this.#stopwatch() - started < CONTENTION_MS) this.#trained.model.predict(features);
  }
}
