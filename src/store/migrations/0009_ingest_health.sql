-- What the service needs to watch itself. The receipt of a unit of work also tells when its accepted records happened,
-- so that lateness and delay are known without a second look at them; times are 1970 when nothing was accepted.

ALTER TABLE $LOCAL(ingest_receipts) $ON_CLUSTER
  ADD COLUMN IF NOT EXISTS late UInt64, ADD COLUMN IF NOT EXISTS oldest_ts DateTime64(3, 'UTC'),
  ADD COLUMN IF NOT EXISTS newest_ts DateTime64(3, 'UTC'), ADD COLUMN IF NOT EXISTS delay_ms Int64;
-- The same table on one node, the table over all shards on a cluster.
ALTER TABLE ingest_receipts $ON_CLUSTER
  ADD COLUMN IF NOT EXISTS late UInt64, ADD COLUMN IF NOT EXISTS oldest_ts DateTime64(3, 'UTC'),
  ADD COLUMN IF NOT EXISTS newest_ts DateTime64(3, 'UTC'), ADD COLUMN IF NOT EXISTS delay_ms Int64;

-- The views are made anew, not altered: a view whose query was altered names the same block otherwise after a restart
-- of the engine, and a block sent again would be counted twice.
-- late: received after the minute of the record had been evaluated. delay_ms: sum of received - ts, 0 for times ahead.
DROP VIEW IF EXISTS $LOCAL(receipt_predictions) $ON_CLUSTER SYNC;
CREATE MATERIALIZED VIEW $LOCAL(receipt_predictions) $ON_CLUSTER TO $LOCAL(ingest_receipts) AS
SELECT p.receipt AS receipt, max(p.received) AS received, countIf(p.error_reason = '') AS accepted, countIf(p.error_reason != '') AS rejected,
  countIf(p.error_reason = '' AND p.received > toStartOfMinute(p.ts) + INTERVAL 65 SECOND) AS late,
  minIf(p.ts, p.error_reason = '') AS oldest_ts, maxIf(p.ts, p.error_reason = '') AS newest_ts,
  sumIf(greatest(0, toUnixTimestamp64Milli(p.received) - toUnixTimestamp64Milli(p.ts)), p.error_reason = '') AS delay_ms
FROM $LOCAL(parsed_predictions) AS p GROUP BY p.receipt;

-- A label is delayed by nature: it is never late.
DROP VIEW IF EXISTS $LOCAL(receipt_labels) $ON_CLUSTER SYNC;
CREATE MATERIALIZED VIEW $LOCAL(receipt_labels) $ON_CLUSTER TO $LOCAL(ingest_receipts) AS
SELECT p.receipt AS receipt, max(p.received) AS received, countIf(p.error_reason = '') AS accepted, countIf(p.error_reason != '') AS rejected,
  toUInt64(0) AS late, minIf(p.label_ts, p.error_reason = '') AS oldest_ts, maxIf(p.label_ts, p.error_reason = '') AS newest_ts,
  sumIf(greatest(0, toUnixTimestamp64Milli(p.received) - toUnixTimestamp64Milli(p.label_ts)), p.error_reason = '') AS delay_ms
FROM $LOCAL(parsed_labels) AS p GROUP BY p.receipt;

DROP VIEW IF EXISTS $LOCAL(receipt_business) $ON_CLUSTER SYNC;
CREATE MATERIALIZED VIEW $LOCAL(receipt_business) $ON_CLUSTER TO $LOCAL(ingest_receipts) AS
SELECT p.receipt AS receipt, max(p.received) AS received, countIf(p.error_reason = '') AS accepted, countIf(p.error_reason != '') AS rejected,
  countIf(p.error_reason = '' AND p.received > toStartOfMinute(p.ts) + INTERVAL 65 SECOND) AS late,
  minIf(p.ts, p.error_reason = '') AS oldest_ts, maxIf(p.ts, p.error_reason = '') AS newest_ts,
  sumIf(greatest(0, toUnixTimestamp64Milli(p.received) - toUnixTimestamp64Milli(p.ts)), p.error_reason = '') AS delay_ms
FROM $LOCAL(parsed_business) AS p GROUP BY p.receipt;

DROP VIEW IF EXISTS $LOCAL(receipt_events) $ON_CLUSTER SYNC;
CREATE MATERIALIZED VIEW $LOCAL(receipt_events) $ON_CLUSTER TO $LOCAL(ingest_receipts) AS
SELECT p.receipt AS receipt, max(p.received) AS received, countIf(p.error_reason = '') AS accepted, countIf(p.error_reason != '') AS rejected,
  countIf(p.error_reason = '' AND p.received > toStartOfMinute(p.ts) + INTERVAL 65 SECOND) AS late,
  minIf(p.ts, p.error_reason = '') AS oldest_ts, maxIf(p.ts, p.error_reason = '') AS newest_ts,
  sumIf(greatest(0, toUnixTimestamp64Milli(p.received) - toUnixTimestamp64Milli(p.ts)), p.error_reason = '') AS delay_ms
FROM $LOCAL(parsed_events) AS p GROUP BY p.receipt;

-- Minutes that got business numbers after they had been evaluated; their signals are concluded again.
CREATE TABLE IF NOT EXISTS $LOCAL(late_business) $ON_CLUSTER (
  t DateTime('UTC'), received SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = $ENGINE(AggregatingMergeTree) PARTITION BY toYYYYMM(t) ORDER BY t
SETTINGS non_replicated_deduplication_window = 10000;
$DISTRIBUTED(late_business, rand());

CREATE MATERIALIZED VIEW IF NOT EXISTS $LOCAL(note_late_business) $ON_CLUSTER TO $LOCAL(late_business) AS
SELECT toStartOfMinute(b.ts) AS t, max(b.received) AS received
FROM $LOCAL(parsed_business) AS b WHERE b.error_reason = '' AND b.received > toStartOfMinute(b.ts) + INTERVAL 65 SECOND GROUP BY t;

-- When the versions that serve were trained, as a model registry says; first and last time it was asked.
CREATE TABLE IF NOT EXISTS $SHARED(model_trainings) $ON_CLUSTER (
  model LowCardinality(String), version String, trained_at DateTime64(3, 'UTC'),
  first_checked SimpleAggregateFunction(min, DateTime64(3, 'UTC')), last_checked SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = $ENGINE_SHARED(AggregatingMergeTree) ORDER BY (model, version, trained_at);
