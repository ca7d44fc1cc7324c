import { z } from 'zod';
import { defineQuery } from '../query.ts';

const fleetTraffic = z.object({
  model: z.string(),
  /** [start of the hour in epoch ms, predictions], oldest first; hours without predictions are absent. */
  hours: z.array(z.tuple([z.number(), z.number()])),
});

/** Predictions of one model by hour. */
export type FleetTraffic = z.infer<typeof fleetTraffic>;

/** Predictions of every model by hour in [from, to) (epoch ms, whole hours). */
export const fleetTrafficByHour = defineQuery<{ readonly from: number; readonly to: number }>()({
  name: 'fleet_traffic_by_hour',
  sql: `SELECT model, groupArray((hour_ms, requests)) AS hours FROM (
  SELECT toString(model) AS model, toUnixTimestamp(t) * 1000 AS hour_ms, sum(s.requests) AS requests
  FROM service_per_hour AS s
  WHERE segment = '' AND t >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  GROUP BY model, hour_ms ORDER BY model, hour_ms)
GROUP BY model ORDER BY model`,
  row: fleetTraffic,
});
