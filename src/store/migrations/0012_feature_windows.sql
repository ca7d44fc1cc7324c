-- The merged histogram of each feature and closed window: a reference that moves with time is a sum of these, not of
-- their five-minute buckets. counts: the same by decile (numbers) or code (categories), without what is missing.
CREATE TABLE IF NOT EXISTS $SHARED(feature_windows) $ON_CLUSTER (
  window UInt32, grid_id UInt32 CODEC(Delta, ZSTD(1)), window_from DateTime('UTC') CODEC(Delta, ZSTD(1)),
  h Array(UInt64) CODEC(T64, ZSTD(1)), counts Array(UInt64) CODEC(T64, ZSTD(1)), created DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(created)) PARTITION BY toYYYYMM(window_from) ORDER BY (window, grid_id, window_from)
TTL toDateTime(created) + INTERVAL 200 DAY;

-- Only the newest profile of a moving reference is read; it is merged anew when the next window closes.
ALTER TABLE $SHARED(reference_profiles) $ON_CLUSTER MODIFY TTL toDateTime(created) + INTERVAL 3 HOUR DELETE WHERE key != 0;
