-- What is known of alerts beside their states: when somebody took a page on, and what single clauses would have said.

-- Each time that somebody acknowledged the page of an episode where it was received; the first one counts.
CREATE TABLE IF NOT EXISTS $SHARED(page_acknowledgements) $ON_CLUSTER (
  episode String, dedup_key String, responder String, at DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(ReplacingMergeTree) ORDER BY (episode, at);

-- The clauses of compound rules as if they were alerts of their own, so that a restart does not forget what they say.
CREATE TABLE IF NOT EXISTS $SHARED(clause_states) $ON_CLUSTER AS alert_states
ENGINE = $ENGINE_SHARED(ReplacingMergeTree(revision)) ORDER BY (alert, scope_key);
