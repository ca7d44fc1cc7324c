-- Samples of serving runtimes, meshes, schedulers and cost tools in the words and units that all of them share.
-- series tells apart what counts on its own; le is the bound of a bucket, the quantile of a summary, else 0.
CREATE TABLE IF NOT EXISTS $SHARED(serving_samples) $ON_CLUSTER (
  measure LowCardinality(String), runtime LowCardinality(String), model LowCardinality(String), version LowCardinality(String), part LowCardinality(String),
  outcome LowCardinality(String), series UInt64 CODEC(ZSTD(1)), le Float64 CODEC(ZSTD(1)), ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)), value Float64 CODEC(ZSTD(1))
) ENGINE = $ENGINE_SHARED(MergeTree) PARTITION BY toYYYYMM(ts) ORDER BY (toStartOfHour(ts), measure, series, le, ts)
SETTINGS non_replicated_deduplication_window = 10000;
