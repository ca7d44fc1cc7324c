import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import {
  CREATE_FLIGHTS,
  DROP_FLIGHTS,
  departedFlights,
  FLIGHT_COLUMNS,
  FLIGHTS_TABLE,
  flightCount,
} from '../store/queries/demo.ts';
import type { Store } from '../store/store.ts';

/** Some flights in the order of the replay, as columns of equal length. */
export interface Flights {
  /** Actual departure, epoch milliseconds: the clock of the origin airport read as UTC. Whole minutes. */
  readonly departure: readonly number[];
  /** Real arrival delay in minutes against the timetable; negative when early. */
  readonly delay: readonly number[];
  /** Miles. */
  readonly distance: readonly number[];
  /** IATA code. */
  readonly origin: readonly string[];
  /** IATA code. */
  readonly destination: readonly string[];
}

/**
 * Three million real flights within the United States, January to June 2001, from the package vega-datasets
 * (Bureau of Transportation Statistics, on-time performance).
 *
 * What the file holds, as measured: 3,000,000 rows, no missing value; `date` is the actual departure (timetable plus
 * departure delay) on the local clock of the origin, stored as if it were UTC; `delay` is the arrival delay in minutes
 * (-1116 to 1688, 20 % above 15); `distance` is in miles (21 to 4962). 191 rows are repeated once; they are kept, since
 * nothing tells a repeated record from two like flights. Six flights left at midnight of 1 July. Cancelled and diverted
 * flights are absent.
 */
export class FlightSource {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Loads the Parquet file into the store and returns the number of flights. */
  async load(): Promise<number> {
    await this.#store.command({ name: 'demo_create_flights', sql: CREATE_FLIGHTS });
    await this.#store.insertRaw({
      table: FLIGHTS_TABLE,
      columns: FLIGHT_COLUMNS,
      format: 'Parquet',
      body: await readFile(flightsFile()),
      token: 'demo-flights',
    });
    const [row] = await this.#store.query(flightCount, {});
    if (row === undefined || row.flights === 0) throw new AppError('E_DEMO', 'The flights could not be loaded.');
    return row.flights;
  }

  /** Returns the flights that departed in [fromMs, toMs). */
  async departed(fromMs: number, toMs: number): Promise<Flights> {
    const [flights] = await this.#store.query(departedFlights, { from: fromMs, to: toMs });
    if (flights === undefined) throw new AppError('E_DEMO', 'The flights could not be read.');
    return flights;
  }

  /** Removes the flights from the store. */
  async drop(): Promise<void> {
    await this.#store.command({ name: 'demo_drop_flights', sql: DROP_FLIGHTS });
  }
}

const TAXI_MINUTES = 30;
const CRUISE_MPH = 460;

/**
 * Returns when a flight's label is known, in epoch milliseconds on the clock of the origin: actual departure, plus a
 * flight time derived from the distance (30 minutes and 460 miles an hour: the file has none), plus the real arrival
 * delay. Flights that came early count with no delay, so that nothing is known before the derived flight time is over.
 * The departure already holds the departure delay, so late flights land rather too late than too early: the recent
 * delays at an airport never look into the future.
 */
export function landingMs(flight: {
  readonly departure: number;
  readonly distance: number;
  readonly delay: number;
}): number {
  const minutes = TAXI_MINUTES + Math.round((flight.distance * 60) / CRUISE_MPH) + Math.max(flight.delay, 0);
  return flight.departure + minutes * 60_000;
}

/** A flight is late when it arrives more than 15 minutes after its timetable, as the Bureau counts it. */
export function isLate(delayMinutes: number): boolean {
  return delayMinutes > 15;
}

function flightsFile(): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  return join(dirname(entry), '..', 'data', 'flights-3m.parquet');
}
