-- What a record of many features costs on its way in. Names of features stay plain strings until the dictionary is asked,
-- and the dictionary is asked for a number made of model and feature: to look strings up by the pair, and to make and
-- undo a LowCardinality inside a map, took a third of the time of the views that count.

DROP VIEW IF EXISTS $LOCAL(roll_features_seen) $ON_CLUSTER;
DROP VIEW IF EXISTS $LOCAL(roll_numbers) $ON_CLUSTER;
DROP VIEW IF EXISTS $LOCAL(roll_categories) $ON_CLUSTER;
DROP VIEW IF EXISTS $LOCAL(roll_missing) $ON_CLUSTER;
DROP VIEW IF EXISTS $LOCAL(parse_predictions) $ON_CLUSTER;
DROP TABLE IF EXISTS $LOCAL(parsed_predictions) $ON_CLUSTER;

CREATE TABLE IF NOT EXISTS $LOCAL(parsed_predictions) $ON_CLUSTER (
  receipt UInt64, line_no UInt32, received DateTime64(3, 'UTC'),
  prediction_id String, ts DateTime64(3, 'UTC'), model LowCardinality(String), version LowCardinality(String),
  numbers Map(String, Float64), categories Map(String, String), missing Array(String),
  prediction_number Float64, prediction_class LowCardinality(String), score Float64, scores Map(LowCardinality(String), Float64),
  latency_ms Float64, status LowCardinality(String), segments Map(LowCardinality(String), LowCardinality(String)),
  trace_id String, pod LowCardinality(String), node LowCardinality(String), extra String,
  error_field String, error_reason LowCardinality(String), line String
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(parse_predictions) $ON_CLUSTER TO $LOCAL(parsed_predictions) AS
SELECT
  receipt, line_no, received, prediction_id, ts, model, version,
  CAST((number_names, number_values), 'Map(String, Float64)') AS numbers,
  CAST((category_names, category_values), 'Map(String, String)') AS categories,
  arrayFilter((k, h) -> h = 110, names, heads) AS missing,
  ifNull(prediction_as_number, nan) AS prediction_number, prediction_as_class AS prediction_class,
  ifNull(score_as_number, nan) AS score, scores_as_numbers AS scores,
  ifNull(latency_as_number, nan) AS latency_ms, status_text AS status, segment_map AS segments,
  ifNull(substring(dynamicElement(t.trace_id, 'String'), 1, 256), '') AS trace_id,
  ifNull(substring(dynamicElement(t.pod, 'String'), 1, 256), '') AS pod,
  ifNull(substring(dynamicElement(t.node, 'String'), 1, 256), '') AS node,
  -- The keys are looked at only where there are more than we know.
  if(entries != known_entries AND arrayExists(k -> k NOT IN ('prediction_id', 'ts', 'model', 'version', 'features', 'prediction', 'score', 'scores', 'latency_ms', 'status', 'segment', 'segments', 'trace_id', 'pod', 'node'), JSONExtractKeys(src)),
    concat('{', arrayStringConcat(arrayMap(kv -> concat(toJSONString(kv.1), ':', kv.2), arrayFilter(kv -> kv.1 NOT IN ('prediction_id', 'ts', 'model', 'version', 'features', 'prediction', 'score', 'scores', 'latency_ms', 'status', 'segment', 'segments', 'trace_id', 'pod', 'node'), JSONExtractKeysAndValuesRaw(src))), ','), '}'), '') AS extra,
  verdict.1 AS error_field, verdict.2 AS error_reason,
  if(verdict.2 = '', '', src) AS line
FROM (
  SELECT *,
    multiIf(
      line_bytes > 1048576, ('', 'line is longer than 1048576 bytes'),
      NOT is_object, multiIf(
        match(src, '[:,\\[]\\s*[+-]?(NaN|Infinity|nan|inf)\\b'), (concat(if(match(src, '"features"\\s*:\\s*\\{[^{}]*:\\s*[+-]?(?:NaN|Infinity|nan|inf)\\b'), 'features.', ''), extract(src, '"([^"]*)"\\s*:\\s*\\[?\\s*[+-]?(?:NaN|Infinity|nan|inf)\\b')), 'NaN and Infinity are not JSON numbers; send null'),
        match(src, '^\\s*\\{\\s*\\}\\s*$'), ('prediction_id', 'is required'),
        isValidJSON(src), ('', 'is not a JSON object'), ('', 'is not valid JSON')),
      prediction_id = '', ('prediction_id', if(id_type = 'None', 'is required', 'must be a string of 1 to 128 characters')),
      lengthUTF8(prediction_id) > 128, ('prediction_id', 'must be a string of 1 to 128 characters'),
      ts_type = 'None', ('ts', 'is required'),
      ts_value IS NULL, ('ts', 'must be an RFC 3339 time or epoch milliseconds'),
      ts < toDateTime64('1990-01-01 00:00:00', 3, 'UTC'), ('ts', if(ts_type = 'String', 'is before 1990', 'is before 1990; epoch times must be in milliseconds')),
      ts > received + INTERVAL 1 HOUR, ('ts', 'is more than one hour in the future'),
      model_type = 'None', ('model', 'is required'),
      NOT match(model, '^[A-Za-z0-9_.:/-]{1,128}$'), ('model', 'must be a string that matches ^[A-Za-z0-9_.:/-]{1,128}$'),
      NOT match(version, '^[A-Za-z0-9_.:/-]{1,128}$'), ('version', 'must be a string that matches ^[A-Za-z0-9_.:/-]{1,128}$'),
      empty(names) AND JSONType(src, 'features') NOT IN ('Null', 'Object'), ('features', 'must be an object'),
      length(names) > 1000, ('features', 'has more than 1000 entries'),
      arrayExists(k -> length(k) NOT BETWEEN 1 AND 256, names), ('features', 'has a name that is empty or longer than 256 bytes'),
      hasAny(heads, [91, 123]), (concat('features.', arrayFirst((k, h) -> h IN (91, 123), names, heads)), 'must be a number, a string, a boolean or null'),
      line_bytes > 8192 AND arrayExists(x -> length(x) > 8192, category_values), (concat('features.', arrayFirst((k, x) -> length(x) > 8192, category_names, category_values)), 'is longer than 8192 bytes'),
      prediction_type NOT IN ('Float64', 'Int64', 'UInt64', 'Bool', 'String', 'None'), ('prediction', 'must be a number, a string, a boolean or null'),
      length(prediction_as_class) > 1024, ('prediction', 'is longer than 1024 bytes'),
      score_as_number IS NULL AND score_type != 'None', ('score', 'must be a number or null'),
      score_as_number < 0 OR score_as_number > 1, ('score', 'must be a probability between 0 and 1'),
      length(scores_as_numbers) != length(t.scores), ('scores', 'must map classes to numbers'),
      entries != known_entries AND empty(t.scores) AND JSONHas(src, 'scores') AND JSONType(src, 'scores') NOT IN ('Null', 'Object'), ('scores', 'must map classes to numbers'),
      latency_as_number IS NULL AND latency_type != 'None', ('latency_ms', 'must be a number or null'),
      latency_as_number < 0 OR latency_as_number > 1e9, ('latency_ms', 'must be between 0 and 1e9 milliseconds'),
      status_type NOT IN ('String', 'None') OR length(status_text) > 64, ('status', 'must be a string of at most 64 bytes'),
      length(segment_map) < length(t.segments) OR arrayExists(x -> length(x) > 256, mapValues(segment_map)) OR arrayExists(x -> length(x) > 256, mapKeys(segment_map)), ('segments', 'must map names to strings of at most 256 bytes'),
      entries != known_entries AND empty(t.segments) AND JSONHas(src, 'segments') AND JSONType(src, 'segments') NOT IN ('Null', 'Object'), ('segments', 'must map names to strings of at most 256 bytes'),
      length(segment_map) > 32, ('segments', 'has more than 32 entries'),
      segment_type NOT IN ('String', 'None'), ('segment', 'must be a string'),
      ('', '')) AS verdict
  FROM (
    SELECT receipt, line_no, received, line_bytes, src, t, entries,
      entries > 0 AND (reinterpretAsUInt8(src) = 123 OR match(src, '^\\x{FEFF}?\\s*\\{')) AS is_object,
      isNotNull(t.prediction_id) + isNotNull(t.ts) + isNotNull(t.model) + isNotNull(t.version) + isNotNull(t.prediction) + isNotNull(t.score) + isNotNull(t.latency_ms) + isNotNull(t.status)
        + isNotNull(t.segment) + isNotNull(t.trace_id) + isNotNull(t.pod) + isNotNull(t.node) + notEmpty(t.segments) + notEmpty(t.scores) + notEmpty(names) AS known_entries,
      dynamicType(t.prediction_id) AS id_type, ifNull(dynamicElement(t.prediction_id, 'String'), '') AS prediction_id,
      dynamicType(t.ts) AS ts_type,
      multiIf(
        ts_type = 'String' AND match(ifNull(dynamicElement(t.ts, 'String'), ''), '^\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?([Zz]|[+-]\\d\\d:?\\d\\d)?$'),
          parseDateTime64BestEffortOrNull(ifNull(dynamicElement(t.ts, 'String'), ''), 3, 'UTC'),
        ts_type = 'Int64' AND abs(ifNull(dynamicElement(t.ts, 'Int64'), 0)) < 10000000000000, fromUnixTimestamp64Milli(ifNull(dynamicElement(t.ts, 'Int64'), 0), 'UTC'),
        ts_type = 'Float64' AND abs(ifNull(dynamicElement(t.ts, 'Float64'), 0)) < 1e13, fromUnixTimestamp64Milli(toInt64(ifNull(dynamicElement(t.ts, 'Float64'), 0)), 'UTC'),
        NULL) AS ts_value,
      ifNull(ts_value, toDateTime64(0, 3, 'UTC')) AS ts,
      dynamicType(t.model) AS model_type, toLowCardinality(ifNull(dynamicElement(t.model, 'String'), '')) AS model,
      dynamicType(t.version) AS version_type,
      toLowCardinality(multiIf(version_type = 'String', ifNull(dynamicElement(t.version, 'String'), ''), version_type = 'Int64', toString(ifNull(dynamicElement(t.version, 'Int64'), 0)), version_type = 'None', '0', '')) AS version,
      -- Values as the text that JSON has for them: cheaper than a type of its own for each value. Its first character tells
      -- the kind: a quote, t or f a category, n missing, a bracket what is no value, all else a number.
      feature_pairs.1 AS names, feature_pairs.2 AS texts,
      arrayMap(x -> reinterpretAsUInt8(x), texts) AS heads,
      arrayMap(h -> h < 58 AND h != 34, heads) AS are_numbers,
      arrayMap(h -> h IN (34, 102, 116), heads) AS are_categories,
      arrayFilter((k, is) -> is, names, are_numbers) AS number_names,
      arrayMap(x -> toFloat64OrZero(x), arrayFilter((x, is) -> is, texts, are_numbers)) AS number_values,
      arrayFilter((k, is) -> is, names, are_categories) AS category_names,
      arrayMap(x -> multiIf(NOT startsWith(x, '"'), x, position(x, '\\') = 0, substring(x, 2, length(x) - 2), JSONExtractString(x)), arrayFilter((x, is) -> is, texts, are_categories)) AS category_values,
      dynamicType(t.prediction) AS prediction_type,
      coalesce(dynamicElement(t.prediction, 'Float64'), toFloat64(dynamicElement(t.prediction, 'Int64')), toFloat64(dynamicElement(t.prediction, 'UInt64'))) AS prediction_as_number,
      toLowCardinality(multiIf(prediction_type = 'String', ifNull(dynamicElement(t.prediction, 'String'), ''), prediction_type = 'Bool', if(ifNull(dynamicElement(t.prediction, 'Bool'), false), 'true', 'false'), '')) AS prediction_as_class,
      dynamicType(t.score) AS score_type, coalesce(dynamicElement(t.score, 'Float64'), toFloat64(dynamicElement(t.score, 'Int64'))) AS score_as_number,
      CAST(mapApply((k, x) -> (k, assumeNotNull(coalesce(dynamicElement(x, 'Float64'), toFloat64(dynamicElement(x, 'Int64'))))), mapFilter((k, x) -> dynamicType(x) IN ('Float64', 'Int64'), t.scores)), 'Map(LowCardinality(String), Float64)') AS scores_as_numbers,
      dynamicType(t.latency_ms) AS latency_type, coalesce(dynamicElement(t.latency_ms, 'Float64'), toFloat64(dynamicElement(t.latency_ms, 'Int64')), toFloat64(dynamicElement(t.latency_ms, 'UInt64'))) AS latency_as_number,
      dynamicType(t.status) AS status_type, toLowCardinality(if(status_type = 'None' OR dynamicElement(t.status, 'String') = '', 'ok', ifNull(dynamicElement(t.status, 'String'), ''))) AS status_text,
      dynamicType(t.segment) AS segment_type,
      CAST(mapUpdate(
        mapApply((k, x) -> (k, multiIf(isNotNull(dynamicElement(x, 'String')), ifNull(dynamicElement(x, 'String'), ''), isNotNull(dynamicElement(x, 'Bool')), if(ifNull(dynamicElement(x, 'Bool'), false), 'true', 'false'), isNotNull(dynamicElement(x, 'Int64')), toString(ifNull(dynamicElement(x, 'Int64'), 0)), toString(ifNull(dynamicElement(x, 'Float64'), 0)))), mapFilter((k, x) -> dynamicType(x) IN ('String', 'Bool', 'Int64', 'Float64'), t.segments)),
        if(segment_type = 'String', map('segment', ifNull(dynamicElement(t.segment, 'String'), '')), map())), 'Map(LowCardinality(String), LowCardinality(String))') AS segment_map
    FROM (
      SELECT receipt, line_no, received, line_bytes, line AS src, JSONLength(line) AS entries,
        JSONExtract(line, 'Tuple(prediction_id Dynamic, ts Dynamic, model Dynamic, version Dynamic, prediction Dynamic, score Dynamic, latency_ms Dynamic, status Dynamic, segment Dynamic, trace_id Dynamic, pod Dynamic, node Dynamic, segments Map(String, Dynamic), scores Map(String, Dynamic))') AS t,
        JSONExtractKeysAndValuesRaw(line, 'features') AS feature_pairs
      FROM $LOCAL(ingest_predictions))));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_features_seen) $ON_CLUSTER TO $LOCAL(features_seen) AS
SELECT model, version, f.1 AS feature, f.2 AS kind, min(s.first_ts) AS first_ts, max(s.last_ts) AS last_ts, sum(s.n) AS n
FROM (
  -- Most requests of a model carry the same features: a few groups instead of a row a feature.
  SELECT model, version, any(mapKeys(numbers)) AS numeric, any(mapKeys(categories)) AS categorical, any(missing) AS absent, min(ts) AS first_ts, max(ts) AS last_ts, count() AS n
  FROM $LOCAL(parsed_predictions) WHERE error_reason = '' GROUP BY model, version, cityHash64(mapKeys(numbers), mapKeys(categories), missing)) AS s
ARRAY JOIN arrayConcat(arrayMap(k -> (k, 'numeric'), numeric), arrayMap(k -> (k, 'categorical'), categorical), arrayMap(k -> (k, 'missing'), absent)) AS f
GROUP BY model, version, feature, kind;

-- A binary score is a number named '__score__', a class is a category named '__prediction__', a numeric prediction a number of that name.
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_numbers) $ON_CLUSTER TO $LOCAL(feature_histogram) AS
SELECT toUInt32(intDiv(key, 256)) AS grid_id, version, t, toUInt8(bitAnd(key, 255)) AS bin, count() AS n FROM (
  SELECT version, toStartOfFiveMinutes(ts) AS t,
    toUInt64(g.1) * 256 + toUInt8(greatest(0, least(249, 1 + floor((((v - g.2) * g.3) / (1 + abs((v - g.2) * g.3)) - g.4) * g.5)))) AS key
  FROM (
    SELECT ts, version, v, received, dictGet('$DATABASE.grid_by_key', ('grid_id', 'center', 'scale', 'low', 'bins_per_unit', 'active_from'), k) AS g
    FROM (SELECT ts, version, received, numbers, score, prediction_number, 31 * cityHash64(model) AS m FROM $LOCAL(parsed_predictions) WHERE error_reason = '')
    ARRAY JOIN arrayConcat(arrayMap(f -> m + cityHash64(f), mapKeys(numbers)), [m + cityHash64('__score__'), m + cityHash64('__prediction__')]) AS k, arrayConcat(mapValues(numbers), [score, prediction_number]) AS v
    WHERE isFinite(v))
  WHERE g.1 != 0 AND received >= g.6) GROUP BY key, version, t;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_categories) $ON_CLUSTER TO $LOCAL(feature_histogram) AS
SELECT toUInt32(intDiv(key, 256)) AS grid_id, version, t, toUInt8(bitAnd(key, 255)) AS bin, count() AS n FROM (
  SELECT version, toStartOfFiveMinutes(ts) AS t, toUInt64(g.1) * 256 + dictGet('$DATABASE.grid_value_codes', 'code', (g.1, v)) AS key
  FROM (
    SELECT ts, version, v, received, dictGet('$DATABASE.grid_by_key', ('grid_id', 'active_from'), k) AS g
    FROM (SELECT ts, version, received, categories, prediction_class, 31 * cityHash64(model) AS m FROM $LOCAL(parsed_predictions) WHERE error_reason = '')
    ARRAY JOIN arrayConcat(arrayMap(f -> m + cityHash64(f), mapKeys(categories)), if(prediction_class = '', [], [m + cityHash64('__prediction__')])) AS k, arrayConcat(mapValues(categories), if(prediction_class = '', [], [toString(prediction_class)])) AS v)
  WHERE g.1 != 0 AND received >= g.2) GROUP BY key, version, t;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_missing) $ON_CLUSTER TO $LOCAL(feature_histogram) AS
SELECT g.1 AS grid_id, version, toStartOfFiveMinutes(ts) AS t, toUInt8(255) AS bin, count() AS n FROM (
  SELECT ts, version, received, dictGet('$DATABASE.grid_by_key', ('grid_id', 'active_from'), 31 * cityHash64(model) + cityHash64(f)) AS g
  FROM $LOCAL(parsed_predictions) ARRAY JOIN missing AS f WHERE error_reason = '')
WHERE g.1 != 0 AND received >= g.2 GROUP BY grid_id, version, t;

-- Every merge writes all features of a record again: twice as many parts in one merge are a third fewer merges of each record.
ALTER TABLE $LOCAL(predictions) $ON_CLUSTER MODIFY SETTING merge_selector_base = 10;
