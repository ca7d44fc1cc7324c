-- Retraining that was asked for, and how good the alerts are.

-- One row per request and state; the highest revision of an id is the present.
CREATE TABLE IF NOT EXISTS $SHARED(retrain_requests) $ON_CLUSTER (
  id String, model LowCardinality(String), version LowCardinality(String), state LowCardinality(String), reason String, evidence String CODEC(ZSTD(3)), target LowCardinality(String),
  requested DateTime64(3, 'UTC'), decided DateTime64(3, 'UTC'), decided_by String, new_version LowCardinality(String), detail String, revision UInt64, updated DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(revision)) ORDER BY id;

-- Alarms that a single clause of a compound rule would have given while the rule itself stayed silent: one row per
-- rule, scope, clause and first minute; minutes is how long the clause held in all.
CREATE TABLE IF NOT EXISTS $SHARED(avoided_alarms) $ON_CLUSTER (
  alert LowCardinality(String), scope_key String, model LowCardinality(String), clause String, since DateTime('UTC'), minutes UInt32, updated DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(minutes)) ORDER BY (alert, scope_key, clause, since);
