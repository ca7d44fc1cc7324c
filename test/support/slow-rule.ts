/** A rule that pages when a model is slow for a minute. */
export const SLOW_RULE = `alert: SlowNow
severity: critical
scope: model
for: 1m
keep_firing_for: 1m
when: { signal: latency_p99_seconds, above: 0.2 }
summary: "{{model}}: p99 {{latency_p99_seconds}}"
runbook: LatencyBudgetBurnsFast
actions: [page]
`;
