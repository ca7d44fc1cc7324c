-- Rows of references that come from a file. They are no traffic: nothing but the reference is computed from them.
-- model is the name of the reference, 'model#id', which no model can have, so that whatever reads predictions of a model
-- reads these as well. Rows without a time are at 0.
CREATE TABLE IF NOT EXISTS $SHARED(reference_rows) $ON_CLUSTER (
  model String CODEC(ZSTD(1)), ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)), version LowCardinality(String),
  numbers Map(LowCardinality(String), Float64) CODEC(ZSTD(1)), categories Map(LowCardinality(String), String) CODEC(ZSTD(1)), missing Array(LowCardinality(String)) CODEC(ZSTD(1)),
  prediction_number Float64 CODEC(ZSTD(1)), prediction_class LowCardinality(String), score Float64 CODEC(ZSTD(1)),
  status LowCardinality(String), segments Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1))
) ENGINE = $ENGINE_SHARED(MergeTree) ORDER BY (model, ts)
SETTINGS non_replicated_deduplication_window = 10000;

-- Raw lines, as records of predictions, of which only what a reference needs is read.
CREATE TABLE IF NOT EXISTS $LOCAL(ingest_reference) $ON_CLUSTER (model String, line String) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(parse_reference) $ON_CLUSTER TO $SHARED(reference_rows) AS
SELECT model,
  if(ifNull(at < toDateTime64('1990-01-01 00:00:00', 3, 'UTC'), 1), toDateTime64(0, 3, 'UTC'), assumeNotNull(at)) AS ts,
  if(t.version = '', '0', t.version) AS version,
  CAST((arrayFilter((k, x) -> isNotNull(x), names, all_numbers), arrayFilter(x -> isNotNull(x), all_numbers)), 'Map(LowCardinality(String), Float64)') AS numbers,
  CAST((arrayFilter((k, x) -> isNotNull(x), names, all_strings), arrayFilter(x -> isNotNull(x), all_strings)), 'Map(LowCardinality(String), String)') AS categories,
  arrayFilter((k, x) -> isNull(x), names, values) AS missing,
  ifNull(coalesce(dynamicElement(t.prediction, 'Float64'), toFloat64(dynamicElement(t.prediction, 'Int64')), toFloat64(dynamicElement(t.prediction, 'UInt64'))), nan) AS prediction_number,
  coalesce(dynamicElement(t.prediction, 'String'), if(isNull(dynamicElement(t.prediction, 'Bool')), NULL, if(assumeNotNull(dynamicElement(t.prediction, 'Bool')), 'true', 'false')), '') AS prediction_class,
  ifNull(coalesce(dynamicElement(t.score, 'Float64'), toFloat64(dynamicElement(t.score, 'Int64'))), nan) AS score,
  if(t.status = '', 'ok', t.status) AS status,
  CAST(mapFilter((k, x) -> x != '', t.segments), 'Map(LowCardinality(String), LowCardinality(String))') AS segments
FROM (
  SELECT model, t, mapKeys(t.features) AS names, mapValues(t.features) AS values,
    arrayMap(x -> coalesce(dynamicElement(x, 'Float64'), toFloat64(dynamicElement(x, 'Int64')), toFloat64(dynamicElement(x, 'UInt64'))), values) AS all_numbers,
    arrayMap(x -> coalesce(dynamicElement(x, 'String'), if(isNull(dynamicElement(x, 'Bool')), NULL, if(assumeNotNull(dynamicElement(x, 'Bool')), 'true', 'false'))), values) AS all_strings,
    multiIf(
      dynamicType(t.ts) = 'String', parseDateTime64BestEffortOrNull(ifNull(dynamicElement(t.ts, 'String'), ''), 3, 'UTC'),
      dynamicType(t.ts) = 'Int64' AND abs(ifNull(dynamicElement(t.ts, 'Int64'), 0)) < 10000000000000, fromUnixTimestamp64Milli(ifNull(dynamicElement(t.ts, 'Int64'), 0), 'UTC'),
      dynamicType(t.ts) = 'Float64' AND abs(ifNull(dynamicElement(t.ts, 'Float64'), 0)) < 1e13, fromUnixTimestamp64Milli(toInt64(ifNull(dynamicElement(t.ts, 'Float64'), 0)), 'UTC'),
      NULL) AS at
  FROM (
    SELECT model, JSONExtract(line, 'Tuple(ts Dynamic, version String, prediction Dynamic, score Dynamic, status String, segments Map(String, String), features Map(String, Dynamic))') AS t
    FROM $LOCAL(ingest_reference) WHERE JSONType(line) = 'Object'));
