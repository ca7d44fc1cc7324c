-- The same as service_per_minute by the hour, so that a month is read as fast as a day. Small granules: to unpack a
-- sketch is dear, and one wants those of some hours.
CREATE TABLE IF NOT EXISTS $LOCAL(service_per_hour) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), segment LowCardinality(String), t DateTime('UTC') CODEC(Delta, ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64), errors SimpleAggregateFunction(sum, UInt64),
  latency_count SimpleAggregateFunction(sum, UInt64), latency AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64),
  score_count SimpleAggregateFunction(sum, UInt64), score_sum SimpleAggregateFunction(sum, Float64)
) ENGINE = $ENGINE(AggregatingMergeTree) PARTITION BY toYYYYMM(t) ORDER BY (model, version, segment, t)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 256;
$DISTRIBUTED(service_per_hour, sipHash64(model, version));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_service_hours) $ON_CLUSTER TO $LOCAL(service_per_hour) AS
SELECT r.model AS model, r.version AS version, r.segment AS segment, toStartOfHour(r.t) AS t, sum(r.requests) AS requests, sum(r.errors) AS errors,
  sum(r.latency_count) AS latency_count, quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(r.latency) AS latency,
  sum(r.score_count) AS score_count, sum(r.score_sum) AS score_sum
FROM $LOCAL(rolled_service) AS r GROUP BY model, version, segment, t;

-- All traffic by the day, for what is said of months of all models: a month of sketches by the hour takes a second to merge.
CREATE TABLE IF NOT EXISTS $LOCAL(service_per_day) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), t DateTime('UTC') CODEC(Delta, ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64), errors SimpleAggregateFunction(sum, UInt64),
  first_ts SimpleAggregateFunction(min, DateTime64(3, 'UTC')), last_ts SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  latency_count SimpleAggregateFunction(sum, UInt64), latency AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64),
  score_count SimpleAggregateFunction(sum, UInt64)
) ENGINE = $ENGINE(AggregatingMergeTree) PARTITION BY toYYYYMM(t) ORDER BY (model, version, t)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 1024;
$DISTRIBUTED(service_per_day, sipHash64(model, version));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_service_days) $ON_CLUSTER TO $LOCAL(service_per_day) AS
SELECT r.model AS model, r.version AS version, toStartOfDay(r.t) AS t, sum(r.requests) AS requests, sum(r.errors) AS errors,
  min(r.first_ts) AS first_ts, max(r.last_ts) AS last_ts, sum(r.latency_count) AS latency_count,
  quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(r.latency) AS latency, sum(r.score_count) AS score_count
FROM $LOCAL(rolled_service) AS r WHERE r.segment = '' GROUP BY model, version, t;
