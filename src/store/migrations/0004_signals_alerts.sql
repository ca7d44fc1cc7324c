-- What the service concludes: signals, closed drift windows, alert states and what was sent to whom.

-- One row per signal and scope per minute; an evaluation repeated for the same minute replaces the earlier row.
-- value is NaN when state is not 'ok'. Small granules: a page reads an hour of many signals.
CREATE TABLE IF NOT EXISTS $SHARED(signals) $ON_CLUSTER (
  t DateTime('UTC') CODEC(Delta, ZSTD(1)), signal LowCardinality(String), model LowCardinality(String), version LowCardinality(String), feature LowCardinality(String),
  segment LowCardinality(String), gpu LowCardinality(String), value Float64 CODEC(ZSTD(1)), state LowCardinality(String), evaluated_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(evaluated_at)) PARTITION BY toYYYYMM(t) ORDER BY (model, signal, version, feature, segment, gpu, t)
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS $SHARED(metric_samples) $ON_CLUSTER (
  name LowCardinality(String), labels Map(LowCardinality(String), String) CODEC(ZSTD(1)), ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)), value Float64 CODEC(ZSTD(1)),
  job LowCardinality(String), instance LowCardinality(String)
) ENGINE = $ENGINE_SHARED(MergeTree) PARTITION BY toYYYYMM(ts) ORDER BY (name, job, instance, ts)
SETTINGS non_replicated_deduplication_window = 10000;

-- GPU telemetry in base units. gpu is the UUID, with '/instance' for a MIG slice; model '' means the join found none.
CREATE TABLE IF NOT EXISTS $SHARED(gpu_samples) $ON_CLUSTER (
  ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)), signal LowCardinality(String), gpu LowCardinality(String), node LowCardinality(String),
  namespace LowCardinality(String), pod LowCardinality(String), model LowCardinality(String), weight Float64, value Float64 CODEC(ZSTD(1))
) ENGINE = $ENGINE_SHARED(MergeTree) PARTITION BY toYYYYMM(ts) ORDER BY (signal, model, gpu, ts)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 1024;

-- A reference is what a model's windows are compared with; the newest version per model is in force.
CREATE TABLE IF NOT EXISTS $SHARED(model_references) $ON_CLUSTER (
  model LowCardinality(String), reference_version UInt32, kind LowCardinality(String), spec String, from_ts DateTime64(3, 'UTC'), to_ts DateTime64(3, 'UTC'),
  rows UInt64, created DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(created)) ORDER BY (model, reference_version);

-- The reference of each feature, merged once: counts by bin, and counts by decile or category of each of its windows.
-- key 0 serves every window (fixed references), else the one window that ends then.
CREATE TABLE IF NOT EXISTS $SHARED(reference_profiles) $ON_CLUSTER (
  model LowCardinality(String), key UInt32, grid_id UInt32, reference_version UInt32, h Array(UInt64) CODEC(ZSTD(1)), windows Array(Array(UInt64)) CODEC(ZSTD(1)), created DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(created)) ORDER BY (model, key, grid_id) TTL toDateTime(created) + INTERVAL 2 DAY DELETE WHERE key != 0;

-- One row per feature and closed window (final = 1) or sliding window (final = 0); explain holds the whole evidence as JSON.
CREATE TABLE IF NOT EXISTS $SHARED(drift_results) $ON_CLUSTER (
  model LowCardinality(String), version LowCardinality(String), feature LowCardinality(String), segment LowCardinality(String), kind LowCardinality(String),
  window_from DateTime('UTC'), window_to DateTime('UTC'), final UInt8, reference_version UInt32,
  n_reference UInt64, n_current UInt64, missing_reference Float64, missing_current Float64, unseen Float64,
  psi Float64, psi_noise Float64, psi_corrected Float64, ks Float64, ks_error Float64, ks_corrected Float64, p_value Float64, p_adjusted Float64, js_distance Float64,
  level LowCardinality(String), reason String, explain String CODEC(ZSTD(3)), evaluated_at DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(evaluated_at)) PARTITION BY toYYYYMM(window_to) ORDER BY (model, final, window_to, window_from, version, segment, feature);

-- What was concluded against references that were replaced since.
CREATE TABLE IF NOT EXISTS $SHARED(drift_results_archive) $ON_CLUSTER AS drift_results
ENGINE = $ENGINE_SHARED(ReplacingMergeTree(evaluated_at)) PARTITION BY toYYYYMM(window_to) ORDER BY (model, reference_version, final, window_to, window_from, version, segment, feature);

-- Alert episodes: every change of state is a row; the newest row of a key is the present.
CREATE TABLE IF NOT EXISTS $SHARED(alert_states) $ON_CLUSTER (
  alert LowCardinality(String), scope_key String, model LowCardinality(String), labels Map(LowCardinality(String), String), state LowCardinality(String), severity LowCardinality(String),
  episode String, pending_since DateTime64(3, 'UTC'), firing_since DateTime64(3, 'UTC'), last_true DateTime64(3, 'UTC'), resolved_at DateTime64(3, 'UTC'),
  values Map(LowCardinality(String), Float64), summary String, revision UInt64, evaluated_minute DateTime('UTC'), written_at DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(revision)) ORDER BY (alert, scope_key);

CREATE TABLE IF NOT EXISTS $SHARED(alert_history) $ON_CLUSTER (
  at DateTime64(3, 'UTC'), alert LowCardinality(String), scope_key String, model LowCardinality(String), transition LowCardinality(String), severity LowCardinality(String), episode String,
  values Map(LowCardinality(String), Float64), summary String, written_at DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(written_at)) ORDER BY (episode, transition, at);

-- Deliveries still owed and done: written before the first attempt, so that a restart neither repeats nor forgets.
-- occurred orders the deliveries of one dedup_key: a resolve never overtakes its trigger.
CREATE TABLE IF NOT EXISTS $SHARED(outbox) $ON_CLUSTER (
  delivery_id String, target LowCardinality(String), dedup_key String, action LowCardinality(String), body String, state LowCardinality(String),
  attempts UInt32, next_attempt DateTime64(3, 'UTC'), detail String, occurred DateTime64(3, 'UTC'), created DateTime64(3, 'UTC'), updated DateTime64(3, 'UTC'), revision UInt64
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(revision)) ORDER BY (delivery_id);

-- How far the minute loop has come, by job.
CREATE TABLE IF NOT EXISTS $SHARED(job_progress) $ON_CLUSTER (
  job LowCardinality(String), done_to DateTime64(3, 'UTC'), updated DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(updated)) ORDER BY job;
