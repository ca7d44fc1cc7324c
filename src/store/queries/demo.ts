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

/** Quality of the predictions made in [from, to) (epoch milliseconds) against the labels known by now. */
export const performanceOfPeriod = defineQuery<{
  readonly model: string;
  readonly from: number;
  readonly to: number;
}>()({
  name: 'demo_performance_of_period',
  sql: `WITH matched AS (
      SELECT p.score AS score, p.prediction_number AS predicted, l.label AS label, l.prediction_id != '' AS labelled
      FROM (
        SELECT prediction_id, score, prediction_number FROM predictions
        WHERE model = {model:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({to:Int64})) AS p
      LEFT JOIN (
        SELECT prediction_id, argMax(label_number, label_ts) AS label FROM labels
        WHERE model = {model:String} AND label_ts >= fromUnixTimestamp64Milli({from:Int64})
          AND label_ts < fromUnixTimestamp64Milli({to:Int64}) + INTERVAL 7 DAY
        GROUP BY prediction_id) AS l ON p.prediction_id = l.prediction_id)
    SELECT count() AS predictions, countIf(labelled) AS labels, avgIf(label, labelled) AS late_ratio,
      avgIf(predicted = label, labelled) AS accuracy, arrayROCAUC(groupArrayIf(score, labelled), groupArrayIf(label, labelled)) AS auc,
      avgIf(-if(label = 1, log(score), log(1 - score)), labelled) AS log_loss
    FROM matched`,
  row: z.object({
    predictions: z.number(),
    labels: z.number(),
    late_ratio: z.number().nullable(),
    accuracy: z.number().nullable(),
    auc: z.number().nullable(),
    log_loss: z.number().nullable(),
  }),
});
