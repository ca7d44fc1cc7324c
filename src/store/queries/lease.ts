import { z } from 'zod';
import { defineQuery } from '../query.ts';

const leaseRow = z.object({
  seq: z.number(),
  holder: z.string(),
  token: z.number(),
  expires_ms: z.number(),
  /** The database's own clock, by which leases expire. */
  server_ms: z.number(),
});

/** The present of a lease; times in epoch ms of the database's clock. */
export type LeaseRow = z.infer<typeof leaseRow>;

/** Returns the present of a lease; no row when nobody ever held it. */
export const presentLease = defineQuery<{ readonly name: string }>()({
  name: 'present_lease',
  sql: `SELECT seq, holder, token, toUnixTimestamp64Milli(expires) AS expires_ms, toUnixTimestamp64Milli(now64(3)) AS server_ms
FROM leases WHERE name = {name:String} ORDER BY seq DESC LIMIT 1`,
  row: leaseRow,
});

/** Removes steps that are long over. The newest stay: their numbers must not come again. */
export const forgetLeaseSteps = 'ALTER TABLE leases DELETE WHERE name = {name:String} AND seq < {before:UInt64}';
