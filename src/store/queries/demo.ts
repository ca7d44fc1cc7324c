import { z } from 'zod';
import { defineQuery } from '../query.ts';

export const FLIGHTS_TABLE = 'demo_flights';

/** Creates the table that holds the flights of the demo while it runs; its order is the order of the replay. */
export const CREATE_FLIGHTS = `CREATE OR REPLACE TABLE ${FLIGHTS_TABLE} (
  date DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), delay Int16, distance UInt16,
  origin LowCardinality(String), destination LowCardinality(String)
) ENGINE = MergeTree ORDER BY (date, origin, destination, distance, delay)`;

export const DROP_FLIGHTS = `DROP TABLE IF EXISTS ${FLIGHTS_TABLE}`;

export const FLIGHT_COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination'] as const;

/** Flights that departed in [from, to) (epoch milliseconds), as columns, in the order of the replay. */
export const departedFlights = defineQuery<{ readonly from: number; readonly to: number }>()({
  name: 'demo_departed_flights',
  sql: `SELECT groupArray(toUnixTimestamp64Milli(date)) AS departure, groupArray(delay) AS delay, groupArray(distance) AS distance,
      groupArray(toString(origin)) AS origin, groupArray(toString(destination)) AS destination
    FROM (
      SELECT date, delay, distance, origin, destination FROM ${FLIGHTS_TABLE}
      WHERE date >= fromUnixTimestamp64Milli({from:Int64}) AND date < fromUnixTimestamp64Milli({to:Int64})
      ORDER BY date, origin, destination, distance, delay
      SETTINGS max_threads = 1)`,
  row: z.object({
    departure: z.array(z.number()),
    delay: z.array(z.number()),
    distance: z.array(z.number()),
    origin: z.array(z.string()),
    destination: z.array(z.string()),
  }),
});

export const flightCount = defineQuery<Record<string, never>>()({
  name: 'demo_flight_count',
  sql: `SELECT count() AS flights FROM ${FLIGHTS_TABLE}`,
  row: z.object({ flights: z.number() }),
});
