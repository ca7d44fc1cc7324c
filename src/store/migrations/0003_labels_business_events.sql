-- Delayed labels, business numbers and change events: the same envelope, the same receipts, the same dead letters.

CREATE TABLE IF NOT EXISTS $LOCAL(ingest_labels) $ON_CLUSTER (receipt UInt64, line_no UInt32, received DateTime64(3, 'UTC'), line_bytes UInt32, line String) ENGINE = Null;
CREATE TABLE IF NOT EXISTS $LOCAL(ingest_business) $ON_CLUSTER (receipt UInt64, line_no UInt32, received DateTime64(3, 'UTC'), line_bytes UInt32, line String) ENGINE = Null;
CREATE TABLE IF NOT EXISTS $LOCAL(ingest_events) $ON_CLUSTER (receipt UInt64, line_no UInt32, received DateTime64(3, 'UTC'), line_bytes UInt32, line String) ENGINE = Null;

CREATE TABLE IF NOT EXISTS $LOCAL(parsed_labels) $ON_CLUSTER (
  receipt UInt64, line_no UInt32, received DateTime64(3, 'UTC'), prediction_id String, model LowCardinality(String), label_ts DateTime64(3, 'UTC'),
  label_number Float64, label_class LowCardinality(String), error_field String, error_reason LowCardinality(String), line String
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(parse_labels) $ON_CLUSTER TO $LOCAL(parsed_labels) AS
SELECT receipt, line_no, received, prediction_id, model, ts AS label_ts, ifNull(number, nan) AS label_number, class AS label_class,
  verdict.1 AS error_field, verdict.2 AS error_reason, if(verdict.2 = '', '', src) AS line
FROM (
  SELECT *, multiIf(
    line_bytes > 1048576, ('', 'line is longer than 1048576 bytes'),
    empty(keys), multiIf(
      match(src, '[:,\\[]\\s*[+-]?(NaN|Infinity|nan|inf)\\b'), (extract(src, '"([^"]*)"\\s*:\\s*\\[?\\s*[+-]?(?:NaN|Infinity|nan|inf)\\b'), 'NaN and Infinity are not JSON numbers; send null'),
      match(src, '^\\s*\\{\\s*\\}\\s*$'), ('prediction_id', 'is required'), isValidJSON(src), ('', 'is not a JSON object'), ('', 'is not valid JSON')),
    id_type = 'None', ('prediction_id', 'is required'),
    lengthUTF8(prediction_id) = 0 OR lengthUTF8(prediction_id) > 128, ('prediction_id', 'must be a string of 1 to 128 characters'),
    NOT has(keys, 'label') OR label_type = 'None', ('label', 'is required'),
    label_type NOT IN ('Float64', 'Int64', 'UInt64', 'Bool', 'String'), ('label', 'must be a number, a string or a boolean'),
    length(class) > 1024, ('label', 'is longer than 1024 bytes'),
    ts_type = 'None', ('label_ts', 'is required'),
    ts_value IS NULL, (ts_key, 'must be an RFC 3339 time or epoch milliseconds'),
    ts < toDateTime64('1990-01-01 00:00:00', 3, 'UTC'), (ts_key, if(ts_type = 'String', 'is before 1990', 'is before 1990; epoch times must be in milliseconds')),
    ts > received + INTERVAL 1 HOUR, (ts_key, 'is more than one hour in the future'),
    model_type != 'None' AND NOT match(model, '^[A-Za-z0-9_.:/-]{1,128}$'), ('model', 'must be a string that matches ^[A-Za-z0-9_.:/-]{1,128}$'),
    ('', '')) AS verdict
  FROM (
    SELECT receipt, line_no, received, line_bytes, src, keys,
      dynamicType(r.prediction_id) AS id_type, ifNull(dynamicElement(r.prediction_id, 'String'), '') AS prediction_id,
      dynamicType(r.model) AS model_type, toLowCardinality(ifNull(dynamicElement(r.model, 'String'), '')) AS model,
      if(dynamicType(r.label_ts) = 'None' AND dynamicType(r.ts) != 'None', 'ts', 'label_ts') AS ts_key,
      if(ts_key = 'ts', r.ts, r.label_ts) AS moment, dynamicType(moment) AS ts_type,
      multiIf(
        ts_type = 'String' AND match(ifNull(dynamicElement(moment, 'String'), ''), '^\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?([Zz]|[+-]\\d\\d:?\\d\\d)?$'),
          parseDateTime64BestEffortOrNull(ifNull(dynamicElement(moment, 'String'), ''), 3, 'UTC'),
        ts_type = 'Int64' AND abs(ifNull(dynamicElement(moment, 'Int64'), 0)) < 10000000000000, fromUnixTimestamp64Milli(ifNull(dynamicElement(moment, 'Int64'), 0), 'UTC'),
        NULL) AS ts_value,
      ifNull(ts_value, toDateTime64(0, 3, 'UTC')) AS ts,
      dynamicType(r.label) AS label_type,
      coalesce(dynamicElement(r.label, 'Float64'), toFloat64(dynamicElement(r.label, 'Int64')), toFloat64(dynamicElement(r.label, 'UInt64'))) AS number,
      toLowCardinality(multiIf(label_type = 'String', ifNull(dynamicElement(r.label, 'String'), ''), label_type = 'Bool', if(ifNull(dynamicElement(r.label, 'Bool'), false), 'true', 'false'), '')) AS class
    FROM (
      SELECT receipt, line_no, received, line_bytes, line AS src, JSONExtractKeys(line) AS keys,
        JSONExtract(line, 'Tuple(prediction_id Dynamic, model Dynamic, label Dynamic, label_ts Dynamic, ts Dynamic)') AS r
      FROM $LOCAL(ingest_labels))));

-- A label sent again replaces the earlier one; the newest label_ts wins.
CREATE TABLE IF NOT EXISTS $LOCAL(labels) $ON_CLUSTER (
  prediction_id String CODEC(ZSTD(1)), model LowCardinality(String), label_ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  label_number Float64 CODEC(ZSTD(1)), label_class LowCardinality(String), received DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) ENGINE = $ENGINE(ReplacingMergeTree(label_ts)) ORDER BY (model, prediction_id)
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(labels, sipHash64(prediction_id));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(store_labels) $ON_CLUSTER TO $LOCAL(labels) AS
SELECT prediction_id, model, label_ts, label_number, label_class, received FROM $LOCAL(parsed_labels) WHERE error_reason = '';
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(bury_labels) $ON_CLUSTER TO $LOCAL(dead_letters) AS
SELECT received, 'labels' AS kind, receipt, line_no, error_field AS field, error_reason AS reason, substring(line, 1, 16384) AS line FROM $LOCAL(parsed_labels) WHERE error_reason != '';
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(receipt_labels) $ON_CLUSTER TO $LOCAL(ingest_receipts) AS
SELECT receipt, max(received) AS received, countIf(error_reason = '') AS accepted, countIf(error_reason != '') AS rejected FROM $LOCAL(parsed_labels) GROUP BY receipt;

CREATE TABLE IF NOT EXISTS $LOCAL(parsed_business) $ON_CLUSTER (
  receipt UInt64, line_no UInt32, received DateTime64(3, 'UTC'), ts DateTime64(3, 'UTC'), metric LowCardinality(String), model LowCardinality(String),
  value Float64, labels Map(LowCardinality(String), String), error_field String, error_reason LowCardinality(String), line String
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(parse_business) $ON_CLUSTER TO $LOCAL(parsed_business) AS
SELECT receipt, line_no, received, ts, metric, model, ifNull(number, nan) AS value, label_map AS labels,
  verdict.1 AS error_field, verdict.2 AS error_reason, if(verdict.2 = '', '', src) AS line
FROM (
  SELECT *, multiIf(
    line_bytes > 1048576, ('', 'line is longer than 1048576 bytes'),
    empty(keys), multiIf(
      match(src, '[:,\\[]\\s*[+-]?(NaN|Infinity|nan|inf)\\b'), (extract(src, '"([^"]*)"\\s*:\\s*\\[?\\s*[+-]?(?:NaN|Infinity|nan|inf)\\b'), 'NaN and Infinity are not JSON numbers; send null'),
      match(src, '^\\s*\\{\\s*\\}\\s*$'), ('ts', 'is required'), isValidJSON(src), ('', 'is not a JSON object'), ('', 'is not valid JSON')),
    ts_type = 'None', ('ts', 'is required'),
    ts_value IS NULL, ('ts', 'must be an RFC 3339 time or epoch milliseconds'),
    ts < toDateTime64('1990-01-01 00:00:00', 3, 'UTC'), ('ts', if(ts_type = 'String', 'is before 1990', 'is before 1990; epoch times must be in milliseconds')),
    ts > received + INTERVAL 1 HOUR, ('ts', 'is more than one hour in the future'),
    metric_type = 'None', ('metric', 'is required'),
    NOT match(metric, '^[a-zA-Z_][a-zA-Z0-9_]{0,127}$'), ('metric', 'must be a string that matches ^[a-zA-Z_][a-zA-Z0-9_]{0,127}$'),
    value_type = 'None', ('value', 'is required'),
    number IS NULL, ('value', 'must be a number'),
    model_type != 'None' AND NOT match(model, '^[A-Za-z0-9_.:/-]{1,128}$'), ('model', 'must be a string that matches ^[A-Za-z0-9_.:/-]{1,128}$'),
    length(label_map) > 32 OR arrayExists(x -> length(x) > 256, mapValues(label_map)), ('labels', 'has more than 32 entries or a value longer than 256 bytes'),
    ('', '')) AS verdict
  FROM (
    SELECT receipt, line_no, received, line_bytes, src, keys,
      dynamicType(r.ts) AS ts_type,
      multiIf(
        ts_type = 'String' AND match(ifNull(dynamicElement(r.ts, 'String'), ''), '^\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?([Zz]|[+-]\\d\\d:?\\d\\d)?$'),
          parseDateTime64BestEffortOrNull(ifNull(dynamicElement(r.ts, 'String'), ''), 3, 'UTC'),
        ts_type = 'Int64' AND abs(ifNull(dynamicElement(r.ts, 'Int64'), 0)) < 10000000000000, fromUnixTimestamp64Milli(ifNull(dynamicElement(r.ts, 'Int64'), 0), 'UTC'),
        NULL) AS ts_value,
      ifNull(ts_value, toDateTime64(0, 3, 'UTC')) AS ts,
      dynamicType(r.metric) AS metric_type, toLowCardinality(ifNull(dynamicElement(r.metric, 'String'), '')) AS metric,
      dynamicType(r.model) AS model_type, toLowCardinality(ifNull(dynamicElement(r.model, 'String'), '')) AS model,
      dynamicType(r.value) AS value_type,
      coalesce(dynamicElement(r.value, 'Float64'), toFloat64(dynamicElement(r.value, 'Int64')), toFloat64(dynamicElement(r.value, 'UInt64'))) AS number,
      CAST(r.labels, 'Map(LowCardinality(String), String)') AS label_map
    FROM (
      SELECT receipt, line_no, received, line_bytes, line AS src, JSONExtractKeys(line) AS keys,
        JSONExtract(line, 'Tuple(ts Dynamic, metric Dynamic, model Dynamic, value Dynamic, labels Map(String, String))') AS r
      FROM $LOCAL(ingest_business))));

CREATE TABLE IF NOT EXISTS $LOCAL(business_metrics) $ON_CLUSTER (
  metric LowCardinality(String), model LowCardinality(String), ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)), value Float64 CODEC(ZSTD(1)),
  labels Map(LowCardinality(String), String) CODEC(ZSTD(1)), received DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
) ENGINE = $ENGINE(MergeTree) PARTITION BY toYYYYMM(ts) ORDER BY (metric, model, ts)
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(business_metrics, sipHash64(metric, model));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(store_business) $ON_CLUSTER TO $LOCAL(business_metrics) AS
SELECT metric, model, ts, value, labels, received FROM $LOCAL(parsed_business) WHERE error_reason = '';
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(bury_business) $ON_CLUSTER TO $LOCAL(dead_letters) AS
SELECT received, 'business' AS kind, receipt, line_no, error_field AS field, error_reason AS reason, substring(line, 1, 16384) AS line FROM $LOCAL(parsed_business) WHERE error_reason != '';
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(receipt_business) $ON_CLUSTER TO $LOCAL(ingest_receipts) AS
SELECT receipt, max(received) AS received, countIf(error_reason = '') AS accepted, countIf(error_reason != '') AS rejected FROM $LOCAL(parsed_business) GROUP BY receipt;

CREATE TABLE IF NOT EXISTS $LOCAL(parsed_events) $ON_CLUSTER (
  receipt UInt64, line_no UInt32, received DateTime64(3, 'UTC'), ts DateTime64(3, 'UTC'), kind LowCardinality(String), title String, model LowCardinality(String),
  version LowCardinality(String), url String, labels Map(LowCardinality(String), String), error_field String, error_reason LowCardinality(String), line String
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(parse_events) $ON_CLUSTER TO $LOCAL(parsed_events) AS
SELECT receipt, line_no, received, ts, event_kind AS kind, title, model, version, url, label_map AS labels,
  verdict.1 AS error_field, verdict.2 AS error_reason, if(verdict.2 = '', '', src) AS line
FROM (
  SELECT *, multiIf(
    line_bytes > 1048576, ('', 'line is longer than 1048576 bytes'),
    empty(keys), multiIf(
      match(src, '[:,\\[]\\s*[+-]?(NaN|Infinity|nan|inf)\\b'), (extract(src, '"([^"]*)"\\s*:\\s*\\[?\\s*[+-]?(?:NaN|Infinity|nan|inf)\\b'), 'NaN and Infinity are not JSON numbers; send null'),
      match(src, '^\\s*\\{\\s*\\}\\s*$'), ('ts', 'is required'), isValidJSON(src), ('', 'is not a JSON object'), ('', 'is not valid JSON')),
    ts_type = 'None', ('ts', 'is required'),
    ts_value IS NULL, ('ts', 'must be an RFC 3339 time or epoch milliseconds'),
    ts < toDateTime64('1990-01-01 00:00:00', 3, 'UTC'), ('ts', if(ts_type = 'String', 'is before 1990', 'is before 1990; epoch times must be in milliseconds')),
    ts > received + INTERVAL 1 HOUR, ('ts', 'is more than one hour in the future'),
    kind_type = 'None', ('kind', 'is required'),
    event_kind NOT IN ('deploy', 'rollout', 'retrain', 'backfill', 'config', 'node', 'other'), ('kind', 'must be one of deploy, rollout, retrain, backfill, config, node, other'),
    title_type = 'None', ('title', 'is required'),
    title = '' OR length(title) > 1024, ('title', 'must be a string of 1 to 1024 bytes'),
    model_type != 'None' AND NOT match(model, '^[A-Za-z0-9_.:/-]{1,128}$'), ('model', 'must be a string that matches ^[A-Za-z0-9_.:/-]{1,128}$'),
    length(version) > 128, ('version', 'must be a string of at most 128 bytes'),
    length(url) > 2048, ('url', 'must be a string of at most 2048 bytes'),
    length(label_map) > 32 OR arrayExists(x -> length(x) > 256, mapValues(label_map)), ('labels', 'has more than 32 entries or a value longer than 256 bytes'),
    ('', '')) AS verdict
  FROM (
    SELECT receipt, line_no, received, line_bytes, src, keys,
      dynamicType(r.ts) AS ts_type,
      multiIf(
        ts_type = 'String' AND match(ifNull(dynamicElement(r.ts, 'String'), ''), '^\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?([Zz]|[+-]\\d\\d:?\\d\\d)?$'),
          parseDateTime64BestEffortOrNull(ifNull(dynamicElement(r.ts, 'String'), ''), 3, 'UTC'),
        ts_type = 'Int64' AND abs(ifNull(dynamicElement(r.ts, 'Int64'), 0)) < 10000000000000, fromUnixTimestamp64Milli(ifNull(dynamicElement(r.ts, 'Int64'), 0), 'UTC'),
        NULL) AS ts_value,
      ifNull(ts_value, toDateTime64(0, 3, 'UTC')) AS ts,
      dynamicType(r.kind) AS kind_type, ifNull(dynamicElement(r.kind, 'String'), '') AS event_kind,
      dynamicType(r.title) AS title_type, ifNull(dynamicElement(r.title, 'String'), '') AS title,
      dynamicType(r.model) AS model_type, toLowCardinality(ifNull(dynamicElement(r.model, 'String'), '')) AS model,
      r.version AS version, r.url AS url, CAST(r.labels, 'Map(LowCardinality(String), String)') AS label_map
    FROM (
      SELECT receipt, line_no, received, line_bytes, line AS src, JSONExtractKeys(line) AS keys,
        JSONExtract(line, 'Tuple(ts Dynamic, kind Dynamic, title Dynamic, model Dynamic, version String, url String, labels Map(String, String))') AS r
      FROM $LOCAL(ingest_events))));

CREATE TABLE IF NOT EXISTS $LOCAL(change_events) $ON_CLUSTER (
  ts DateTime64(3, 'UTC'), kind LowCardinality(String), title String, model LowCardinality(String), version LowCardinality(String), url String,
  labels Map(LowCardinality(String), String), received DateTime64(3, 'UTC')
) ENGINE = $ENGINE(MergeTree) PARTITION BY toYYYYMM(ts) ORDER BY (model, ts)
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(change_events, sipHash64(model));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(store_events) $ON_CLUSTER TO $LOCAL(change_events) AS
SELECT ts, kind, title, model, version, url, labels, received FROM $LOCAL(parsed_events) WHERE error_reason = '';
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(bury_events) $ON_CLUSTER TO $LOCAL(dead_letters) AS
SELECT received, 'events' AS kind, receipt, line_no, error_field AS field, error_reason AS reason, substring(line, 1, 16384) AS line FROM $LOCAL(parsed_events) WHERE error_reason != '';
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(receipt_events) $ON_CLUSTER TO $LOCAL(ingest_receipts) AS
SELECT receipt, max(received) AS received, countIf(error_reason = '') AS accepted, countIf(error_reason != '') AS rejected FROM $LOCAL(parsed_events) GROUP BY receipt;
