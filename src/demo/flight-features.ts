import { type Flights, landingMs } from './flights.ts';
import { OriginDelays } from './origin-delays.ts';

const HOUR_MS = 3_600_000;
/** 1 January 1970 was a Thursday. */
const WEEKDAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'] as const;

/** What the model sees of a flight at the moment of its departure. */
export interface FlightFeatures {
  readonly origin: string;
  readonly destination: string;
  /** Miles. */
  readonly distance: number;
  /** 0 to 23, on the clock of the origin. */
  readonly hour: number;
  readonly weekday: string;
  /** Mean arrival delay in minutes of the flights from this origin that landed in the last three hours. */
  readonly originDelayMin: number | undefined;
}

/** A flight on its way: when it left, what the model sees of it, and what will be known when it lands. */
export interface DepartingFlight {
  readonly departureMs: number;
  readonly features: FlightFeatures;
  readonly landingMs: number;
  readonly delayMin: number;
}

/** Turns flights, shown in the order of departure, into features. Remembers landings only, so it must see every flight once. */
export class FlightFeatureStream {
  readonly #delays = new OriginDelays();

  /** Calls `visit` for each flight in order. */
  forEach(flights: Flights, visit: (flight: DepartingFlight) => void): void {
    for (let index = 0; index < flights.departure.length; index += 1) {
      const departureMs = flights.departure[index] ?? 0;
      const origin = flights.origin[index] ?? '';
      const distance = flights.distance[index] ?? 0;
      const delayMin = flights.delay[index] ?? 0;
      const landsMs = landingMs({ departure: departureMs, distance, delay: delayMin });
      const hours = Math.floor(departureMs / HOUR_MS);
      visit({
        departureMs,
        landingMs: landsMs,
        delayMin,
        features: {
          origin,
          destination: flights.destination[index] ?? '',
          distance,
          hour: hours % 24,
          weekday: WEEKDAYS[Math.floor(hours / 24) % 7] ?? '',
          originDelayMin: this.#delays.recent(origin, departureMs),
        },
      });
      this.#delays.add(origin, landsMs, delayMin);
    }
  }
}
