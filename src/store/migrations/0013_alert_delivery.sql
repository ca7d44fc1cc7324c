-- Who evaluates and delivers, who must not be told, and what people said about pages.

-- Every change of a lease is one row with the next seq, inserted under a deduplication token made of name and seq: of two
-- that try the same step, the database keeps one. The highest seq is the present.
CREATE TABLE IF NOT EXISTS $SHARED(leases) $ON_CLUSTER (
  name LowCardinality(String), seq UInt64, holder String, token UInt64, expires DateTime64(3, 'UTC'), written DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = $ENGINE_SHARED(MergeTree) ORDER BY (name, seq)
SETTINGS non_replicated_deduplication_window = 10000;

-- Silences: matchers is JSON; the newest row of an id counts, and removed = 1 ends it.
CREATE TABLE IF NOT EXISTS $SHARED(silences) $ON_CLUSTER (
  id String, matchers String, comment String, created_by String, starts DateTime64(3, 'UTC'), ends DateTime64(3, 'UTC'), removed UInt8, updated DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(updated)) ORDER BY id;

-- What people did in PagerDuty with a page: acknowledged, resolved there, and so on. The newest row of a key counts.
CREATE TABLE IF NOT EXISTS $SHARED(page_responses) $ON_CLUSTER (
  dedup_key String, response LowCardinality(String), responder String, url String, at DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(at)) ORDER BY dedup_key;
