-- The same as service_per_minute by the hour, so that a month is read as fast as a day.
CREATE TABLE IF NOT EXISTS $LOCAL(service_per_hour) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), segment LowCardinality(String), t DateTime('UTC') CODEC(Delta, ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64), errors SimpleAggregateFunction(sum, UInt64),
  latency_count SimpleAggregateFunction(sum, UInt64), latency AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64),
  score_count SimpleAggregateFunction(sum, UInt64), score_sum SimpleAggregateFunction(sum, Float64)
) ENGINE = $ENGINE(AggregatingMergeTree) PARTITION BY toYYYYMM(t) ORDER BY (model, version, segment, t)
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(service_per_hour, sipHash64(model, version));

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(roll_service_hours) $ON_CLUSTER TO $LOCAL(service_per_hour) AS
SELECT model, version, segment, toStartOfHour(ts) AS t, count() AS requests, countIf(status = 'error') AS errors,
  countIf(isFinite(latency_ms)) AS latency_count,
  quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(latency_ms, isFinite(latency_ms)) AS latency,
  countIf(isFinite(score)) AS score_count, sumIf(score, isFinite(score)) AS score_sum
FROM $LOCAL(parsed_predictions)
ARRAY JOIN arrayPushFront(arrayMap((k, v) -> concat(k, '=', v), mapKeys(segments), mapValues(segments)), '') AS segment
WHERE error_reason = '' GROUP BY model, version, segment, t;
