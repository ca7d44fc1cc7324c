import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** All references ever set, newest first; model '' means all models. */
export const allReferences = defineQuery<{ readonly model: string }>()({
  name: 'all_references',
  sql: `SELECT model, reference_version, kind, spec, toUnixTimestamp64Milli(from_ts) AS from_ms, toUnixTimestamp64Milli(to_ts) AS to_ms, rows, toUnixTimestamp64Milli(created) AS created_ms
FROM model_references FINAL WHERE {model:String} = '' OR model = {model:String} ORDER BY model, reference_version DESC`,
  row: z.object({
    model: z.string(),
    reference_version: z.number(),
    kind: z.string(),
    spec: z.string(),
    from_ms: z.number(),
    to_ms: z.number(),
    rows: z.number(),
    created_ms: z.number(),
  }),
});

export const predictionsInRange = defineQuery<{
  readonly model: string;
  readonly from_ms: number;
  readonly to_ms: number;
}>()({
  name: 'predictions_in_range',
  sql: `SELECT sum(requests) AS n FROM service_per_minute WHERE model = {model:String} AND segment = ''
AND t >= toDateTime(fromUnixTimestamp64Milli({from_ms:Int64})) AND t < toDateTime(fromUnixTimestamp64Milli({to_ms:Int64}))`,
  row: z.object({ n: z.number() }),
});
