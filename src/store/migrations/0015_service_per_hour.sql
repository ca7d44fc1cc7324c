-- The same as service_per_minute by the hour, so that a month is read as fast as a day.
CREATE TABLE IF NOT EXISTS $LOCAL(service_per_hour) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), segment LowCardinality(String), t DateTime('UTC') CODEC(Delta, ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64), errors SimpleAggregateFunction(sum, UInt64),
  latency_count SimpleAggregateFunction(sum, UInt64), latency AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64),
  score_count SimpleAggregateFunction(sum, UInt64), score_sum SimpleAggregateFunction(sum, Float64)
) ENGINE = $ENGINE(AggregatingMergeTree) PARTITION BY toYYYYMM(t) ORDER BY (model, version, segment, t)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 1024;
$DISTRIBUTED(service_per_hour, sipHash64(model, version));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_service_hours) $ON_CLUSTER TO $LOCAL(service_per_hour) AS
SELECT r.model AS model, r.version AS version, r.segment AS segment, toStartOfHour(r.t) AS t, sum(r.requests) AS requests, sum(r.errors) AS errors,
  sum(r.latency_count) AS latency_count, quantilesDDMergeState(0.01, 0.5, 0.95, 0.99)(r.latency) AS latency,
  sum(r.score_count) AS score_count, sum(r.score_sum) AS score_sum
FROM $LOCAL(rolled_service) AS r GROUP BY model, version, segment, t;
