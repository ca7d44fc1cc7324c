import { auc } from '../stats/auc.ts';
import { probMetrics } from '../stats/prob-metrics.ts';
import { type DepartingFlight, type FlightFeatures, FlightFeatureStream } from './flight-features.ts';
import { type FlightSource, isLate } from './flights.ts';
import { type Encodings, encode, INPUT_WIDTH, LateFlightsModel, type RateTable } from './late-flights-model.ts';
import { fitLogistic } from './logistic-regression.ts';

const DAY_MS = 86_400_000;

export interface TrainingSpan {
  readonly fromMs: number;
  /** Start of the hold-out: flights from here on are never trained on. */
  readonly holdOutMs: number;
  readonly toMs: number;
}

export interface TrainedModel {
  readonly model: LateFlightsModel;
  /** A flight is predicted late when its score reaches this; the best F1 on the hold-out. */
  readonly threshold: number;
  /** large, medium or small by the number of departures in the training days. */
  readonly hubs: ReadonlyMap<string, string>;
  readonly trainedOn: number;
  readonly holdOut: HoldOutFigures;
}

export interface HoldOutFigures {
  readonly flights: number;
  readonly auc: number;
  /** Nats. */
  readonly logLoss: number;
  /** The log-loss of always saying the training rate. */
  readonly baselineLogLoss: number;
  readonly f1: number;
}

/** Trains the model on the flights before the hold-out and measures it on those after. Deterministic; about two seconds. */
export async function trainModel(source: FlightSource, span: TrainingSpan): Promise<TrainedModel> {
  const counts = new TrainingCounts();
  await visitFlights(source, span, (flight) => counts.add(flight, flight.departureMs < span.holdOutMs));
  const encodings = counts.encodings();
  const training = new Sample(counts.training);
  const holdOut = new Sample(counts.holdOut);
  const holdOutFeatures: FlightFeatures[] = [];
  await visitFlights(source, span, (flight) => {
    const target = flight.departureMs < span.holdOutMs ? training : holdOut;
    target.add(encodings, flight);
    if (target === holdOut) holdOutFeatures.push(flight.features);
  });
  const { weights } = fitLogistic({ inputs: training.inputs, width: INPUT_WIDTH, labels: training.labels });
  const model = new LateFlightsModel(encodings, weights);
  const scored = { labels: [...holdOut.labels], scores: holdOutFeatures.map((features) => model.predict(features)) };
  const best = bestThreshold(scored);
  return {
    model,
    threshold: best.threshold,
    hubs: counts.hubs(),
    trainedOn: counts.training,
    holdOut: {
      flights: counts.holdOut,
      auc: auc(scored).auc ?? Number.NaN,
      logLoss: probMetrics(scored).logLoss ?? Number.NaN,
      baselineLogLoss:
        probMetrics({ ...scored, scores: scored.scores.map(() => counts.trainingRate) }).logLoss ?? Number.NaN,
      f1: best.f1,
    },
  };
}

async function visitFlights(
  source: FlightSource,
  span: TrainingSpan,
  visit: (flight: DepartingFlight) => void,
): Promise<void> {
  const stream = new FlightFeatureStream();
  for (let day = span.fromMs; day < span.toMs; day += DAY_MS) {
    stream.forEach(await source.departed(day, Math.min(day + DAY_MS, span.toMs)), visit);
  }
}

interface Tally {
  flights: number;
  late: number;
}

/** A rate from few flights is drawn towards the overall rate as if that many flights had been average. */
const PRIOR_FLIGHTS = 200;
const HUB_SIZES = [
  { upTo: 20, size: 'large' },
  { upTo: 60, size: 'medium' },
] as const;

class TrainingCounts {
  training = 0;
  holdOut = 0;
  readonly #all: Tally = { flights: 0, late: 0 };
  readonly #origin = new Map<string, Tally>();
  readonly #destination = new Map<string, Tally>();
  readonly #hour = new Map<number, Tally>();
  readonly #weekday = new Map<string, Tally>();

  add({ features, delayMin }: DepartingFlight, trained: boolean): void {
    if (!trained) {
      this.holdOut += 1;
      return;
    }
    this.training += 1;
    const late = isLate(delayMin) ? 1 : 0;
    this.#all.flights += 1;
    this.#all.late += late;
    count(this.#origin, features.origin, late);
    count(this.#destination, features.destination, late);
    count(this.#hour, features.hour, late);
    count(this.#weekday, features.weekday, late);
  }

  get trainingRate(): number {
    return this.#all.late / this.#all.flights;
  }

  encodings(): Encodings {
    return {
      origin: this.#rates(this.#origin),
      destination: this.#rates(this.#destination),
      hour: this.#rates(this.#hour),
      weekday: this.#rates(this.#weekday),
    };
  }

  /** Airports by departures: the first 20 are large, the next 40 medium, the rest small. */
  hubs(): ReadonlyMap<string, string> {
    const ranked = [...this.#origin].sort(([a, x], [b, y]) => y.flights - x.flights || (a < b ? -1 : 1));
    return new Map(
      ranked.map(([airport], rank) => [airport, HUB_SIZES.find(({ upTo }) => rank < upTo)?.size ?? 'small'] as const),
    );
  }

  #rates<K>(tallies: ReadonlyMap<K, Tally>): RateTable<K> {
    const rate = this.trainingRate;
    const entries = [...tallies].map(([key, { flights, late }]) => {
      const shrunk = (late + PRIOR_FLIGHTS * rate) / (flights + PRIOR_FLIGHTS);
      return [key, logOdds(shrunk)] as const;
    });
    return { logOdds: new Map(entries), overall: logOdds(rate) };
  }
}

class Sample {
  readonly inputs: Float64Array;
  readonly labels: Uint8Array;
  #rows = 0;

  constructor(rows: number) {
    this.inputs = new Float64Array(rows * INPUT_WIDTH);
    this.labels = new Uint8Array(rows);
  }

  add(encodings: Encodings, { features, delayMin }: DepartingFlight): void {
    encode(encodings, features, this.inputs, this.#rows * INPUT_WIDTH);
    this.labels[this.#rows] = isLate(delayMin) ? 1 : 0;
    this.#rows += 1;
  }
}

function bestThreshold(scored: { readonly labels: readonly number[]; readonly scores: readonly number[] }): {
  readonly threshold: number;
  readonly f1: number;
} {
  const positives = scored.labels.reduce((total, label) => total + label, 0);
  let best = { threshold: 0.5, f1: 0 };
  for (let percent = 5; percent <= 60; percent += 1) {
    const threshold = percent / 100;
    let predicted = 0;
    let hits = 0;
    for (const [index, score] of scored.scores.entries()) {
      if (score < threshold) continue;
      predicted += 1;
      hits += scored.labels[index] ?? 0;
    }
    const f1 = (2 * hits) / (predicted + positives);
    if (f1 > best.f1) best = { threshold, f1 };
  }
  return best;
}

function count<K>(tallies: Map<K, Tally>, key: K, late: number): void {
  const known = tallies.get(key);
  if (known === undefined) {
    tallies.set(key, { flights: 1, late });
    return;
  }
  known.flights += 1;
  known.late += late;
}

function logOdds(rate: number): number {
  return Math.log(rate / (1 - rate));
}
