import { z } from 'zod';
import { defineQuery } from '../query.ts';

/** The version of a model that served most predictions since a moment; no row when there were none. */
export const servingVersion = defineQuery<{ readonly model: string; readonly since: string }>()({
  name: 'serving_version',
  sql: `SELECT version FROM service_per_minute
WHERE model = {model:String} AND segment = '' AND t >= {since:DateTime} GROUP BY version ORDER BY sum(requests) DESC, version DESC LIMIT 1`,
  row: z.object({ version: z.string() }),
});

/**
 * Writes the age of some models for every minute in [from, to), by what the registry had said by then about the version
 * that serves. no_data where it has not answered for so many seconds.
 */
export const writeModelAges = `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
WITH minutes AS (
  SELECT toDateTime(m, 'UTC') AS t, name.1 AS model, name.2 AS fresh_seconds FROM (SELECT arrayJoin(range(toUInt32(toUnixTimestamp({from:DateTime})), toUInt32(toUnixTimestamp({to:DateTime})), 60)) AS m) AS all_minutes
  CROSS JOIN (SELECT arrayJoin(arrayZip({models:Array(String)}, {fresh_seconds:Array(UInt32)})) AS name) AS names),
trainings AS (
  SELECT model, version, trained_at, min(first_checked) AS first, max(last_checked) AS last FROM model_trainings
  WHERE model IN {models:Array(String)} GROUP BY model, version, trained_at),
told AS (
  SELECT m.t AS t, m.model AS model, any(m.fresh_seconds) AS fresh_seconds, countIf(r.is_known AND r.first <= m.t + 60) AS n,
    argMaxIf(r.trained_at, r.last, r.is_known AND r.first <= m.t + 60) AS trained, maxIf(r.last, r.is_known AND r.first <= m.t + 60) AS checked
  FROM minutes AS m LEFT JOIN (SELECT *, true AS is_known FROM trainings) AS r ON m.model = r.model GROUP BY t, model)
SELECT t, 'model_age_seconds' AS signal, model, '' AS version, '' AS feature, '' AS segment, '' AS gpu,
  if(fresh, greatest(0, toUnixTimestamp(t) + 60 - toUnixTimestamp64Milli(trained) / 1000), nan) AS value, if(fresh, 'ok', 'no_data') AS state, {now:DateTime64(3)} AS evaluated_at
FROM (SELECT *, n > 0 AND toUnixTimestamp(checked) + fresh_seconds >= toUnixTimestamp(t) AS fresh FROM told)`;
