import { z } from 'zod';
import { defineQuery, NOT_COMPILED } from '../query.ts';

const fleetTraffic = z.object({
  model: z.string(),
  /** Starts of hours in epoch seconds, oldest first, and the predictions of each; hours without predictions are absent. */
  hours: z.tuple([z.array(z.number()), z.array(z.number())]),
});

/** Predictions of one model by hour. */
export type FleetTraffic = z.infer<typeof fleetTraffic>;

/** Predictions of every model by hour in [from, to) (epoch ms, whole hours). */
export const fleetTrafficByHour = defineQuery<{ readonly from: number; readonly to: number }>()({
  name: 'fleet_traffic_by_hour',
  settings: NOT_COMPILED,
  sql: `SELECT model, sumMap([toUnixTimestamp(t)], [s.requests]) AS hours FROM service_per_hour AS s
WHERE segment = '' AND t >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND t < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY model ORDER BY model`,
  row: fleetTraffic,
});
