-- Where the bad records of Kafka lie: one row for each block of a partition that holds dead letters. A dead letter's
-- line number is its record's distance from the block's first offset.
CREATE TABLE IF NOT EXISTS $SHARED(kafka_blocks) $ON_CLUSTER (
  receipt UInt64, topic LowCardinality(String), partition Int32, first_offset Int64, last_offset Int64,
  received DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(MergeTree) PARTITION BY toYYYYMM(received) ORDER BY receipt
SETTINGS non_replicated_deduplication_window = 10000;

CREATE VIEW IF NOT EXISTS kafka_dead_letters $ON_CLUSTER AS
SELECT d.received AS received, d.kind AS kind, k.topic AS topic, k.partition AS partition, k.first_offset + d.line_no AS offset,
  d.field AS field, d.reason AS reason, d.line AS line
FROM dead_letters AS d GLOBAL INNER JOIN kafka_blocks AS k ON d.receipt = k.receipt;
