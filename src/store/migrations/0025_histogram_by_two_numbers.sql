-- Counting values by (bin, version, five minutes) spent most of its time on keys that hold text. Version and five minutes
-- become one number for each record, before its features are taken apart, and two numbers are the whole key.

DROP VIEW IF EXISTS $LOCAL(roll_numbers) $ON_CLUSTER;

-- A binary score is a number named '__score__', a class is a category named '__prediction__', a numeric prediction a number of that name.
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_numbers) $ON_CLUSTER TO $LOCAL(feature_histogram) AS
SELECT toUInt32(intDiv(key, 256)) AS grid_id, any(its_version) AS version, any(five_minutes) AS t, toUInt8(bitAnd(key, 255)) AS bin, count() AS n FROM (
  SELECT its_version, five_minutes, slice,
    toUInt64(g.1) * 256 + toUInt8(greatest(0, least(249, 1 + floor((((v - g.2) * g.3) / (1 + abs((v - g.2) * g.3)) - g.4) * g.5)))) AS key
  FROM (
    SELECT its_version, five_minutes, slice, v, received, dictGet('$DATABASE.grid_by_key', ('grid_id', 'center', 'scale', 'low', 'bins_per_unit', 'active_from'), k) AS g
    FROM (
      SELECT version AS its_version, toStartOfFiveMinutes(ts) AS five_minutes, cityHash64(version, five_minutes) AS slice, received, numbers, score, prediction_number, 31 * cityHash64(model) AS m
      FROM $LOCAL(parsed_predictions) WHERE error_reason = '')
    ARRAY JOIN arrayConcat(arrayMap(f -> m + cityHash64(f), mapKeys(numbers)), [m + cityHash64('__score__'), m + cityHash64('__prediction__')]) AS k, arrayConcat(mapValues(numbers), [score, prediction_number]) AS v
    WHERE isFinite(v))
  WHERE g.1 != 0 AND received >= g.6) GROUP BY key, slice;
