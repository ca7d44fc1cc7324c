import type { FlightFeatures } from './flight-features.ts';
import { logistic } from './logistic-regression.ts';

export const MODEL_NAME = 'late-flights';
export const MODEL_VERSION = '1';

/** How often flights with some property were late, as log-odds; shrunk towards the overall rate. */
export interface RateTable<K> {
  readonly logOdds: ReadonlyMap<K, number>;
  /** For values never seen in training. */
  readonly overall: number;
}

export interface Encodings {
  readonly origin: RateTable<string>;
  readonly destination: RateTable<string>;
  readonly hour: RateTable<number>;
  readonly weekday: RateTable<string>;
}

export const INPUT_WIDTH = 11;

/** Predicts whether a flight arrives more than 15 minutes late, from what is known when it departs. */
export class LateFlightsModel {
  readonly #encodings: Encodings;
  readonly #weights: Float64Array;
  readonly #inputs = new Float64Array(INPUT_WIDTH);

  constructor(encodings: Encodings, weights: Float64Array) {
    this.#encodings = encodings;
    this.#weights = weights;
  }

  /** Returns the probability of a late arrival, 0 to 1. */
  predict(features: FlightFeatures): number {
    const inputs = this.#inputs;
    encode(this.#encodings, features, inputs, 0);
    let logOdds = 0;
    for (let i = 0; i < INPUT_WIDTH; i += 1) logOdds += (inputs[i] ?? 0) * (this.#weights[i] ?? 0);
    return logistic(logOdds);
  }
}

/** Writes the model's inputs for one flight at `start`: a constant, four rates, the distance and the recent delays at the origin. */
export function encode(encodings: Encodings, features: FlightFeatures, inputs: Float64Array, start: number): void {
  const { origin, destination, hour, weekday } = encodings;
  const delay = features.originDelayMin;
  const late = delay === undefined ? 0 : Math.log1p(Math.max(delay, 0));
  const miles = features.distance / 1000;
  inputs[start] = 1;
  inputs[start + 1] = rate(origin, features.origin);
  inputs[start + 2] = rate(destination, features.destination);
  inputs[start + 3] = rate(hour, features.hour);
  inputs[start + 4] = rate(weekday, features.weekday);
  inputs[start + 5] = miles;
  inputs[start + 6] = miles * miles;
  inputs[start + 7] = delay === undefined ? 1 : 0;
  inputs[start + 8] = late;
  inputs[start + 9] = late * late;
  inputs[start + 10] = delay === undefined ? 0 : Math.max(Math.min(delay, 0), -20) / 10;
}

function rate<K>(table: RateTable<K>, key: K): number {
  return table.logOdds.get(key) ?? table.overall;
}
