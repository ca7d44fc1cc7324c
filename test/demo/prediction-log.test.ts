import { describe, expect, it } from 'vitest';
import type { DepartingFlight } from '../../src/demo/flight-features.ts';
import { LateFlightsModel } from '../../src/demo/late-flights-model.ts';
import { PredictionLog } from '../../src/demo/prediction-log.ts';
import type { TrainedModel } from '../../src/demo/train.ts';

const START = Date.UTC(2001, 5, 30, 17);
const MINUTE = 60_000;

const none = { logOdds: new Map(), overall: 0 };
const trained: TrainedModel = {
  model: new LateFlightsModel({ origin: none, destination: none, hour: none, weekday: none }, new Float64Array(11)),
  threshold: 0.5,
  hubs: new Map([['ATL', 'large']]),
  trainedOn: 1,
  holdOut: { flights: 1, auc: 0.5, logLoss: 0.69, baselineLogLoss: 0.69, f1: 0 },
};

function flight(departureMs: number, changes: Partial<DepartingFlight> = {}): DepartingFlight {
  return {
    departureMs,
    landingMs: departureMs + 100 * MINUTE,
    delayMin: 16,
    features: { origin: 'ATL', destination: 'JFK', distance: 760, hour: 17, weekday: 'Sat', originDelayMin: undefined },
    ...changes,
  };
}

function logWith(stopwatch: () => number): PredictionLog {
  return new PredictionLog({
    trained,
    contention: { fromMs: START + 10 * MINUTE, toMs: START + 22 * MINUTE },
    stopwatch,
    startMs: START,
  });
}

function records(body: Buffer): readonly unknown[] {
  const lines = body.toString('utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line): unknown => JSON.parse(line));
}

describe('PredictionLog', () => {
  it('writes a record of the contract with the measured time of the call', () => {
    const times = [100, 100.25];
    const log = logWith(() => times.shift() ?? Number.NaN);
    log.add(flight(START));
    expect(records(log.takePredictions())).toEqual([
      {
        prediction_id: 'f1',
        ts: START,
        model: 'late-flights',
        version: '1',
        features: {
          distance: 760,
          origin: 'ATL',
          destination: 'JFK',
          hour: 17,
          weekday: 'Sat',
          origin_delay_min: null,
        },
        prediction: 1,
        score: 0.5,
        latency_ms: 0.25,
        segments: { hub: 'large' },
      },
    ]);
    expect(log.takePredictions()).toHaveLength(0);
  });

  it('marks records of the incident as simulated, and their calls really take at least 25 ms', () => {
    let now = 0;
    const log = logWith(() => (now += 0.5));
    log.add(flight(START + 9 * MINUTE));
    log.add(flight(START + 10 * MINUTE));
    log.add(flight(START + 22 * MINUTE));
    const written = records(log.takePredictions());
    expect(written.map((record) => Object(record)['simulated'])).toEqual([undefined, 'contention', undefined]);
    expect(written.map((record) => Object(record)['latency_ms'] >= 25)).toEqual([false, true, false]);
  });

  it('tells the truth about a flight when it has landed: late is more than 15 minutes', () => {
    const log = logWith(() => 0);
    log.add(flight(START));
    log.add(flight(START, { delayMin: 15 }));
    expect(log.takeLabels(START + 100 * MINUTE)).toHaveLength(0);
    expect(log.inTheAir).toBe(2);
    const landedMs = START + 100 * MINUTE;
    expect(records(log.takeLabels(landedMs + MINUTE))).toEqual([
      { prediction_id: 'f1', model: 'late-flights', label: 1, label_ts: landedMs },
      { prediction_id: 'f2', model: 'late-flights', label: 0, label_ts: landedMs },
    ]);
    expect(log.inTheAir).toBe(0);
  });
});
