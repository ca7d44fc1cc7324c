import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FakeClock } from '../../src/core/clock.ts';
import { REFERENCE, TRAINING } from '../../src/demo/demo-dates.ts';
import { type DepartingFlight, FlightFeatureStream } from '../../src/demo/flight-features.ts';
import { FlightReplay } from '../../src/demo/flight-replay.ts';
import { FlightSource, isLate, landingMs } from '../../src/demo/flights.ts';
import { IngestClient } from '../../src/demo/ingest-client.ts';
import { PredictionLog } from '../../src/demo/prediction-log.ts';
import { ReplayClock } from '../../src/demo/replay-clock.ts';
import { type TrainedModel, trainModel } from '../../src/demo/train.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { startIngestSink } from './ingest-sink.ts';

const DAY = 86_400_000;
const recordSchema = z.object({
  prediction_id: z.string(),
  ts: z.number().optional(),
  label_ts: z.number().optional(),
});
const START = REFERENCE.fromMs;

let test: TestStore;
let source: FlightSource;
let trained: TrainedModel;

beforeAll(async () => {
  test = await startTestStore({ migrated: false });
  source = new FlightSource(test.store);
  await source.load();
  trained = await trainModel(source, TRAINING);
});
afterAll(() => test.stop());

describe('FlightSource', () => {
  it('holds the three million flights of the file', async () => {
    expect(await source.load()).toBe(3_000_000);
  });

  it('gives the flights of a span in the order of departure', async () => {
    const flights = await source.departed(START, START + DAY);
    expect(flights.departure).toHaveLength(14_828);
    expect(flights.departure).toEqual([...flights.departure].sort((a, b) => a - b));
    expect([flights.origin[0], flights.destination[0], flights.distance[0], flights.delay[0]]).toEqual([
      'ANC',
      'LAX',
      2345,
      -13,
    ]);
    const late = flights.delay.filter(isLate).length;
    expect(late / flights.delay.length).toBeCloseTo(0.319, 3);
  });

  it.each([
    { distance: 460, delay: 0, minutes: 90 },
    { distance: 460, delay: 25, minutes: 115 },
    { distance: 460, delay: -20, minutes: 90 },
    { distance: 0, delay: -1116, minutes: 30 },
  ])(
    'lets a flight of $distance miles with $delay minutes delay land after $minutes minutes',
    ({ distance, delay, minutes }) => {
      expect(landingMs({ departure: START, distance, delay })).toBe(START + minutes * 60_000);
    },
  );
});

describe('FlightFeatureStream', () => {
  it('sees the same recent delays as a join that only uses flights landed before the slot of departure', async () => {
    const toMs = START + 2 * DAY;
    const seen: DepartingFlight[] = [];
    new FlightFeatureStream().forEach(await source.departed(START, toMs), (flight) => seen.push(flight));
    const rows = await test.store.rows({
      name: 'recent_delays',
      sql: `WITH f AS (
          SELECT origin, delay, intDiv(toUnixTimestamp(date), 600) AS slot,
            intDiv(toUnixTimestamp(date) + 60 * (30 + floor(distance * 60 / 460 + 0.5) + greatest(delay, 0)), 600) AS landed
          FROM demo_flights WHERE date < fromUnixTimestamp64Milli({to:Int64}))
        SELECT a.origin AS origin, a.slot AS slot, floor(sum(b.delay) * 10 / count() + 0.5) / 10 AS mean
        FROM (SELECT DISTINCT origin, slot FROM f) AS a INNER JOIN f AS b ON a.origin = b.origin
        WHERE b.landed < a.slot AND b.landed >= a.slot - 18 GROUP BY origin, slot`,
      parameters: { to: toMs },
    });
    const expected = new Map(
      rows.map((row) => [`${Object(row)['origin']} ${Object(row)['slot']}`, Number(Object(row)['mean'])]),
    );
    expect(expected.size).toBeGreaterThan(10_000);
    let known = 0;
    for (const { features, departureMs } of seen) {
      expect(features.originDelayMin).toBe(expected.get(`${features.origin} ${Math.floor(departureMs / 600_000)}`));
      if (features.originDelayMin !== undefined) known += 1;
    }
    expect(known).toBeGreaterThan(25_000);
  });

  it('tells hour and weekday of the clock at the origin', async () => {
    const flights = await source.departed(START + 13 * 3_600_000, START + 13 * 3_600_000 + 60_000);
    new FlightFeatureStream().forEach(flights, ({ features }) => {
      expect([features.hour, features.weekday]).toEqual([13, 'Mon']);
    });
  });
});

describe('trainModel', () => {
  it('reaches on the held-out week what an unpenalised fit of scikit-learn reaches on the same inputs', () => {
    // scikit-learn 1.x LogisticRegression(penalty none) on inputs computed by pandas from the Parquet file.
    expect(trained.trainedOn).toBe(393_569);
    expect(trained.holdOut.flights).toBe(114_670);
    expect(trained.holdOut.auc).toBeCloseTo(0.6601, 5);
    expect(trained.holdOut.logLoss).toBeCloseTo(0.458377, 5);
    expect(trained.threshold).toBe(0.2);
    expect(trained.holdOut.logLoss).toBeLessThan(trained.holdOut.baselineLogLoss);
  });

  it('learns nothing from the held-out days', async () => {
    const shorter = await trainModel(source, { ...TRAINING, toMs: TRAINING.holdOutMs + DAY });
    const features = {
      origin: 'ORD',
      destination: 'JFK',
      distance: 740,
      hour: 18,
      weekday: 'Fri',
      originDelayMin: 31.5,
    };
    expect(shorter.model.predict(features)).toBe(trained.model.predict(features));
  });
});

describe('FlightReplay', () => {
  it('reports each flight once, its label only after its prediction and not before it landed', async () => {
    const sink = await startIngestSink();
    const clock = new ReplayClock(START);
    const client = new IngestClient({ url: sink.url, clock: new FakeClock(0), random: () => 0, inFlight: 1 });
    const never = { fromMs: 0, toMs: 0 };
    const log = new PredictionLog({ trained, contention: never, stopwatch: () => performance.now(), startMs: START });
    const replay = new FlightReplay({ source, log, client, clock, startMs: START });
    const dates: number[] = [];
    await replay.advanceByDay({
      toMs: START + 1.5 * DAY,
      onStep: () => dates.push(clock.now()),
      signal: new AbortController().signal,
    });
    expect(dates).toEqual([START + DAY, START + 1.5 * DAY]);
    const predicted = new Map<string, number>();
    const early: string[] = [];
    let labels = 0;
    for (const [index, { path, lines }] of sink.bodies.entries()) {
      for (const line of lines) {
        const { prediction_id: id, ts, label_ts: landed } = recordSchema.parse(JSON.parse(line));
        if (path === '/v1/predictions') predicted.set(id, ts ?? 0);
        else {
          labels += 1;
          const isDue =
            landed !== undefined && landed < (dates[index < 2 ? 0 : 1] ?? 0) && landed > (predicted.get(id) ?? landed);
          if (!isDue) early.push(line);
        }
      }
    }
    expect(early).toEqual([]);
    expect(predicted.size).toBe(log.flights);
    expect(labels).toBe(log.flights - log.inTheAir);
    expect(new Set(sink.bodies.map(({ key }) => key)).size).toBe(sink.bodies.length);
    await sink.stop();
  });
});
