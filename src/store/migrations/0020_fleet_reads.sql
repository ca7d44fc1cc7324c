-- What lets a page or a dashboard of all models answer at once. signals lies by model, which is right for one model over
-- a long time and wrong for all models at one time.

-- The same rows, the day first: a quarter of an hour of every model, or a day of one signal, lies together.
CREATE TABLE IF NOT EXISTS $SHARED(signals_by_day) $ON_CLUSTER (
  t DateTime('UTC') CODEC(Delta, ZSTD(1)), signal LowCardinality(String), model LowCardinality(String), version LowCardinality(String), feature LowCardinality(String),
  segment LowCardinality(String), gpu LowCardinality(String), value Float64 CODEC(ZSTD(1)), state LowCardinality(String), evaluated_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(evaluated_at)) PARTITION BY toYYYYMM(t) ORDER BY (toDate(t), signal, model, version, feature, segment, gpu, t);

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(copy_signals_by_day) $ON_CLUSTER TO $SHARED(signals_by_day) AS
SELECT t, signal, model, version, feature, segment, gpu, value, state, evaluated_at FROM $SHARED(signals);

-- A row of signals is written again when its minute is concluded again, so an hour cannot be summed up as rows arrive: it
-- is summed up from the rows that count once nothing has been written for it for a while, and again when something was.
-- n: minutes with a value; mean, least, most and newest are of those; newest_t: the last of them.
CREATE TABLE IF NOT EXISTS $SHARED(signals_per_hour) $ON_CLUSTER (
  t DateTime('UTC') CODEC(Delta, ZSTD(1)), signal LowCardinality(String), model LowCardinality(String), version LowCardinality(String), feature LowCardinality(String),
  segment LowCardinality(String), gpu LowCardinality(String), n UInt16, mean Float64 CODEC(ZSTD(1)), least Float64 CODEC(ZSTD(1)), most Float64 CODEC(ZSTD(1)),
  newest Float64 CODEC(ZSTD(1)), newest_t DateTime('UTC') CODEC(Delta, ZSTD(1)), rolled_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(rolled_at)) PARTITION BY toYYYYMM(t) ORDER BY (signal, model, version, feature, segment, gpu, t);

-- When the signals of an hour were written last, and as of when they were summed up; rows counts what was written.
CREATE TABLE IF NOT EXISTS $SHARED(signal_hours) $ON_CLUSTER (
  hour DateTime('UTC') CODEC(Delta, ZSTD(1)), written SimpleAggregateFunction(max, DateTime64(3, 'UTC')), rolled SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  rows SimpleAggregateFunction(sum, UInt64)
) ENGINE = $ENGINE_SHARED(AggregatingMergeTree) ORDER BY hour;

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(note_signal_hours) $ON_CLUSTER TO $SHARED(signal_hours) AS
SELECT toStartOfHour(t) AS hour, max(now64(3)) AS written, toDateTime64(0, 3, 'UTC') AS rolled, count() AS rows FROM $SHARED(signals) GROUP BY hour;

-- The newest value of each signal of a whole model. A minute that is concluded again has its newer value; one that is
-- then without a value keeps the older.
CREATE TABLE IF NOT EXISTS $SHARED(newest_signals) $ON_CLUSTER (
  signal LowCardinality(String), model LowCardinality(String), newest AggregateFunction(argMax, Float64, UInt64), t SimpleAggregateFunction(max, DateTime('UTC'))
) ENGINE = $ENGINE_SHARED(AggregatingMergeTree) ORDER BY (signal, model);

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(keep_newest_signals) $ON_CLUSTER TO $SHARED(newest_signals) AS
SELECT signal, model, argMaxState(value, bitShiftLeft(toUInt64(toUnixTimestamp(s.t)), 32) + toUnixTimestamp(evaluated_at)) AS newest, max(s.t) AS t
FROM $SHARED(signals) AS s WHERE state = 'ok' AND isFinite(value) AND version = '' AND feature = '' AND segment = '' AND gpu = '' GROUP BY signal, model;

-- What the newest closed window of each feature of a whole model said.
CREATE TABLE IF NOT EXISTS $SHARED(newest_drift) $ON_CLUSTER (
  model LowCardinality(String), feature LowCardinality(String), window_from DateTime('UTC'), window_to DateTime('UTC'), level LowCardinality(String)
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(window_to)) ORDER BY (model, feature);

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(keep_newest_drift) $ON_CLUSTER TO $SHARED(newest_drift) AS
SELECT model, feature, window_from, window_to, level FROM $SHARED(drift_results) WHERE final = 1 AND version = '' AND segment = '';

-- What is there from before this file; written twice it would still count once.
INSERT INTO $SHARED(newest_drift) SELECT model, feature, window_from, window_to, level FROM $SHARED(drift_results) FINAL WHERE final = 1 AND version = '' AND segment = '';
INSERT INTO $SHARED(newest_signals) SELECT signal, model, argMaxState(value, bitShiftLeft(toUInt64(toUnixTimestamp(s.t)), 32) + toUnixTimestamp(evaluated_at)) AS newest, max(s.t) AS t
FROM $SHARED(signals) AS s WHERE state = 'ok' AND isFinite(value) AND version = '' AND feature = '' AND segment = '' AND gpu = '' GROUP BY signal, model;
INSERT INTO $SHARED(signals_by_day) SELECT t, signal, model, version, feature, segment, gpu, value, state, evaluated_at FROM $SHARED(signals);
INSERT INTO $SHARED(signal_hours) SELECT toStartOfHour(t) AS hour, max(now64(3)) AS written, toDateTime64(0, 3, 'UTC') AS rolled, count() AS rows FROM $SHARED(signals) GROUP BY hour;

-- Projections are written and merged with their table, so that one insert has them or has nothing.
-- rebuild: merging makes them anew, because merged rows are not the rows they were made from.
ALTER TABLE $LOCAL(service_per_minute) $ON_CLUSTER MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
-- One minute of all models lies together. The table itself lies by model: without this the minute loop reads and unpacks
-- thousands of sketches of other minutes for each one that it wants. It about doubles the table on disk.
ALTER TABLE $LOCAL(service_per_minute) $ON_CLUSTER ADD PROJECTION IF NOT EXISTS by_time (
  SELECT t, segment, model, version, requests, errors, latency_count, latency ORDER BY t, segment, model, version);
ALTER TABLE $LOCAL(service_per_minute) $ON_CLUSTER MATERIALIZE PROJECTION by_time;
ALTER TABLE $LOCAL(service_per_hour) $ON_CLUSTER MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE $LOCAL(service_per_hour) $ON_CLUSTER ADD PROJECTION IF NOT EXISTS by_time (
  SELECT segment, t, model, version, requests, errors, latency_count, latency ORDER BY segment, t, model, version);
ALTER TABLE $LOCAL(service_per_hour) $ON_CLUSTER MATERIALIZE PROJECTION by_time;

-- The newest closed window of each model, which a page asks for of all of them.
ALTER TABLE $SHARED(drift_results) $ON_CLUSTER MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE $SHARED(drift_results) $ON_CLUSTER ADD PROJECTION IF NOT EXISTS newest (
  SELECT model, final, version, segment, max(window_to) GROUP BY model, final, version, segment);
ALTER TABLE $SHARED(drift_results) $ON_CLUSTER MATERIALIZE PROJECTION newest;
