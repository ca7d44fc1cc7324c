import { z } from 'zod';
import { defineQuery } from '../query.ts';
import { SIGNAL_SCOPE, signalScope } from './signal-scope.ts';

/** The newest value of every series that was well in the last ten minutes before a moment. */
export const latestSignals = defineQuery<{ readonly at_ms: number }>()({
  name: 'latest_signals',
  sql: `SELECT ${SIGNAL_SCOPE}, argMax(value, (t, evaluated_at)) AS newest FROM signals_by_day
WHERE t > fromUnixTimestamp64Milli({at_ms:Int64}) - INTERVAL 10 MINUTE AND t <= fromUnixTimestamp64Milli({at_ms:Int64}) AND state = 'ok' AND isFinite(value)
GROUP BY ${SIGNAL_SCOPE}`,
  row: signalScope.extend({
    newest: z.number(),
  }),
});

/** Which pod on which node and GPU served which model in the last ten minutes before a moment. */
export const servingPods = defineQuery<{ readonly at_ms: number }>()({
  name: 'serving_pods',
  sql: `SELECT DISTINCT model, namespace, pod, node, gpu FROM gpu_samples
WHERE ts > fromUnixTimestamp64Milli({at_ms:Int64}) - INTERVAL 10 MINUTE AND ts <= fromUnixTimestamp64Milli({at_ms:Int64}) AND model != '' AND pod != ''`,
  row: z.object({ model: z.string(), namespace: z.string(), pod: z.string(), node: z.string(), gpu: z.string() }),
});
