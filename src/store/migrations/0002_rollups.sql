-- What is computed while records arrive. A window of any length is a merge of these rows, never a rescan.

-- Traffic, errors and latency by minute. segment '' is all traffic, 'carrier=AA' one segment. Small granules: whoever
-- wants the sketches of a few minutes unpacks all those of the granules that they lie in.
CREATE TABLE IF NOT EXISTS $LOCAL(service_per_minute) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), segment LowCardinality(String), t DateTime('UTC') CODEC(Delta, ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64), errors SimpleAggregateFunction(sum, UInt64),
  first_ts SimpleAggregateFunction(min, DateTime64(3, 'UTC')), last_ts SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  latency_count SimpleAggregateFunction(sum, UInt64), latency_sum_ms SimpleAggregateFunction(sum, Float64),
  latency_max_ms SimpleAggregateFunction(max, Float64), latency AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64),
  score_count SimpleAggregateFunction(sum, UInt64), score_sum SimpleAggregateFunction(sum, Float64)
) ENGINE = $ENGINE(AggregatingMergeTree) PARTITION BY toYYYYMM(t) ORDER BY (model, version, segment, t)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 1024;
$DISTRIBUTED(service_per_minute, sipHash64(model, version));

-- The rows of an insert by minute: what the minutes, the hours and the late minutes are made of. Stores nothing.
CREATE TABLE IF NOT EXISTS $LOCAL(rolled_service) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), segment LowCardinality(String), t DateTime('UTC'),
  requests UInt64, errors UInt64, first_ts DateTime64(3, 'UTC'), last_ts DateTime64(3, 'UTC'),
  latency_count UInt64, latency_sum_ms Float64, latency_max_ms Float64, latency AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64),
  score_count UInt64, score_sum Float64, late UInt64, late_received DateTime64(3, 'UTC')
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_service) $ON_CLUSTER TO $LOCAL(rolled_service) AS
SELECT model, version, segment, toStartOfMinute(ts) AS t, count() AS requests, countIf(status = 'error') AS errors,
  min(ts) AS first_ts, max(ts) AS last_ts,
  countIf(isFinite(latency_ms)) AS latency_count, sumIf(latency_ms, isFinite(latency_ms)) AS latency_sum_ms, maxIf(latency_ms, isFinite(latency_ms)) AS latency_max_ms,
  quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(latency_ms, isFinite(latency_ms)) AS latency,
  countIf(isFinite(score)) AS score_count, sumIf(score, isFinite(score)) AS score_sum,
  countIf(received > toStartOfMinute(ts) + INTERVAL 65 SECOND) AS late, maxIf(received, received > toStartOfMinute(ts) + INTERVAL 65 SECOND) AS late_received
FROM $LOCAL(parsed_predictions)
ARRAY JOIN arrayPushFront(arrayMap((k, v) -> concat(k, '=', v), mapKeys(segments), mapValues(segments)), '') AS segment
WHERE error_reason = '' GROUP BY model, version, segment, t;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(store_service_minutes) $ON_CLUSTER TO $LOCAL(service_per_minute) AS
SELECT model, version, segment, t, requests, errors, first_ts, last_ts, latency_count, latency_sum_ms, latency_max_ms, latency, score_count, score_sum
FROM $LOCAL(rolled_service);

-- Which features each model sends, of which kind, and when last.
CREATE TABLE IF NOT EXISTS $LOCAL(features_seen) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), feature LowCardinality(String), kind LowCardinality(String),
  first_ts SimpleAggregateFunction(min, DateTime64(3, 'UTC')), last_ts SimpleAggregateFunction(max, DateTime64(3, 'UTC')), n SimpleAggregateFunction(sum, UInt64)
) ENGINE = $ENGINE(AggregatingMergeTree) ORDER BY (model, version, feature, kind)
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(features_seen, sipHash64(model, version));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_features_seen) $ON_CLUSTER TO $LOCAL(features_seen) AS
SELECT model, version, f.1 AS feature, f.2 AS kind, min(s.first_ts) AS first_ts, max(s.last_ts) AS last_ts, sum(s.n) AS n
FROM (
  -- Most requests of a model carry the same features: a few groups instead of a row a feature.
  SELECT model, version, mapKeys(numbers) AS numeric, mapKeys(categories) AS categorical, missing AS absent, min(ts) AS first_ts, max(ts) AS last_ts, count() AS n
  FROM $LOCAL(parsed_predictions) WHERE error_reason = '' GROUP BY model, version, numeric, categorical, absent) AS s
ARRAY JOIN arrayConcat(arrayMap(k -> (k, 'numeric'), numeric), arrayMap(k -> (k, 'categorical'), categorical), arrayMap(k -> (k, 'missing'), absent)) AS f
GROUP BY model, version, feature, kind;

-- A grid is the frozen binning of one feature of one model: softsign bins for numbers, codes for categories.
-- Rows received at or after active_from are counted on arrival; older rows are counted once when the grid is made.
CREATE TABLE IF NOT EXISTS $SHARED(feature_grids) $ON_CLUSTER (
  grid_id UInt32, model LowCardinality(String), feature LowCardinality(String), kind LowCardinality(String),
  center Float64, scale Float64, low Float64, bins_per_unit Float64,
  -- upper_edges: the value at the upper end of each of the 250 bins; groups: the decile (numbers) or code (categories) each bin belongs to.
  upper_edges Array(Float64), groups Array(UInt8), category_values Array(String),
  created DateTime64(3, 'UTC'), active_from DateTime64(3, 'UTC'), complete UInt8
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(created)) ORDER BY (model, feature);

CREATE TABLE IF NOT EXISTS $SHARED(feature_grid_values) $ON_CLUSTER (
  grid_id UInt32, value String, code UInt8
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree) ORDER BY (grid_id, value);

-- Numbers: bins 1..248 inside the reference range, 0 below, 249 above. Categories: codes 1..249, 0 is unseen. 255 is missing.
CREATE TABLE IF NOT EXISTS $LOCAL(feature_histogram) $ON_CLUSTER (
  grid_id UInt32 CODEC(Delta, ZSTD(1)), version LowCardinality(String), t DateTime('UTC') CODEC(Delta, ZSTD(1)), bin UInt8 CODEC(ZSTD(1)), n UInt64 CODEC(T64, ZSTD(1))
) ENGINE = $ENGINE(SummingMergeTree(n)) PARTITION BY toYYYYMM(t) ORDER BY (grid_id, version, t, bin)
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(feature_histogram, grid_id);

-- A binary score is a number named '__score__', a class is a category named '__prediction__', a numeric prediction a number of that name.
CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_numbers) $ON_CLUSTER TO $LOCAL(feature_histogram) AS
SELECT toUInt32(intDiv(key, 256)) AS grid_id, version, t, toUInt8(bitAnd(key, 255)) AS bin, count() AS n FROM (
  SELECT version, toStartOfFiveMinutes(ts) AS t,
    toUInt64(g.1) * 256 + toUInt8(greatest(0, least(249, 1 + floor((((v - g.2) * g.3) / (1 + abs((v - g.2) * g.3)) - g.4) * g.5)))) AS key
  FROM (
    SELECT ts, version, v, received, dictGet('$DATABASE.grid_by_feature', ('grid_id', 'center', 'scale', 'low', 'bins_per_unit', 'active_from'), (model, f)) AS g
    FROM $LOCAL(parsed_predictions)
    ARRAY JOIN arrayConcat(mapKeys(numbers), ['__score__', '__prediction__']) AS f, arrayConcat(mapValues(numbers), [score, prediction_number]) AS v
    WHERE error_reason = '' AND isFinite(v))
  WHERE g.1 != 0 AND received >= g.6) GROUP BY key, version, t;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_categories) $ON_CLUSTER TO $LOCAL(feature_histogram) AS
SELECT toUInt32(intDiv(key, 256)) AS grid_id, version, t, toUInt8(bitAnd(key, 255)) AS bin, count() AS n FROM (
  SELECT version, toStartOfFiveMinutes(ts) AS t, toUInt64(g.1) * 256 + dictGet('$DATABASE.grid_value_codes', 'code', (g.1, v)) AS key
  FROM (
    SELECT ts, version, v, received, dictGet('$DATABASE.grid_by_feature', ('grid_id', 'active_from'), (model, f)) AS g
    FROM $LOCAL(parsed_predictions)
    ARRAY JOIN arrayConcat(mapKeys(categories), if(prediction_class = '', [], ['__prediction__'])) AS f, arrayConcat(mapValues(categories), if(prediction_class = '', [], [toString(prediction_class)])) AS v
    WHERE error_reason = '')
  WHERE g.1 != 0 AND received >= g.2) GROUP BY key, version, t;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_missing) $ON_CLUSTER TO $LOCAL(feature_histogram) AS
SELECT g.1 AS grid_id, version, toStartOfFiveMinutes(ts) AS t, toUInt8(255) AS bin, count() AS n FROM (
  SELECT ts, version, received, dictGet('$DATABASE.grid_by_feature', ('grid_id', 'active_from'), (model, f)) AS g
  FROM $LOCAL(parsed_predictions) ARRAY JOIN missing AS f WHERE error_reason = '')
WHERE g.1 != 0 AND received >= g.2 GROUP BY grid_id, version, t;

-- Minutes that changed after they had ended: what was concluded from them is concluded again.
CREATE TABLE IF NOT EXISTS $LOCAL(late_minutes) $ON_CLUSTER (
  model LowCardinality(String), t DateTime('UTC'), received SimpleAggregateFunction(max, DateTime64(3, 'UTC')), n SimpleAggregateFunction(sum, UInt64)
) ENGINE = $ENGINE(AggregatingMergeTree) PARTITION BY toYYYYMM(t) ORDER BY (model, t)
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(late_minutes, sipHash64(model));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(note_late_minutes) $ON_CLUSTER TO $LOCAL(late_minutes) AS
SELECT r.model AS model, r.t AS t, max(r.late_received) AS received, sum(r.late) AS n
FROM $LOCAL(rolled_service) AS r WHERE r.segment = '' AND r.late > 0 GROUP BY model, t;
