import * as grafanaUnits from '@grafana/grafana-foundation-sdk/units';
import { describe, expect, it } from 'vitest';
import { catalogue, findSignal } from '../../src/signals/catalogue.ts';
import { labelsOf, prometheusName, SUFFIXED_UNITS, unitInName } from '../../src/signals/signal-definition.ts';

/** The public contract's list. */
const PROMISED = `
  requests_per_second error_ratio latency_p50_seconds latency_p95_seconds latency_p99_seconds
  feature_psi feature_ks feature_missing_ratio feature_unseen_ratio drifted_features drift_score prediction_psi
  accuracy f1 auc log_loss mae rmse label_coverage_ratio estimated_accuracy model_age_seconds
  gpu_utilization_ratio gpu_memory_used_ratio gpu_sm_active_ratio gpu_temperature_celsius gpu_power_watts
  gpu_pcie_bytes_per_second gpu_xid_changes
  llm_ttft_p95_seconds llm_kv_cache_ratio llm_queue_depth llm_preemptions_per_second
  business_bookings_usd business_bookings_usd_vs_baseline_ratio
  cost_per_thousand_predictions_usd slo_latency_p99_seconds`
  .trim()
  .split(/\s+/);

const definitions = [...catalogue, ...PROMISED.flatMap((name) => findSignal(name) ?? [])];
const GRAFANA_UNITS: ReadonlySet<unknown> = new Set(Object.values(grafanaUnits));

describe('every signal', () => {
  it('of the public contract is defined', () => {
    expect(PROMISED.filter((name) => findSignal(name) === undefined)).toEqual([]);
  });

  it('has a name of its own', () => {
    const names = catalogue.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each(definitions)('$name has a snake_case name that Prometheus accepts', ({ name }) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/);
    expect(prometheusName(name)).toBe(`plumbline_${name}`);
  });

  it.each(definitions)('$name ends in its base unit, and only in its own', ({ name, unit }) => {
    const mustShow = SUFFIXED_UNITS.some((suffixed) => suffixed === unit);
    expect(unitInName(name)).toBe(mustShow ? unit : undefined);
  });

  it.each(definitions)('$name says in one sentence what it is', ({ help }) => {
    expect(help).toMatch(/^[A-Z][^\n]{15,150}\.$/);
    expect(help.split('. ')).toHaveLength(1);
  });

  it.each(definitions)('$name has a unit that Grafana knows', ({ grafanaUnit }) => {
    expect(GRAFANA_UNITS).toContain(grafanaUnit);
  });

  it.each(definitions.filter(({ bounded }) => bounded))('$name is bounded only as a ratio or a score', ({ unit }) => {
    expect(['ratio', 'score']).toContain(unit);
  });

  it.each(definitions)('$name has a scope without repetition and selects by its own labels', (definition) => {
    expect(new Set(definition.scope).size).toBe(definition.scope.length);
    expect(definition.scope.length).toBeGreaterThan(0);
    const selected = [...definition.promql.matchAll(/(\w+)=""/g)].map((match) => match[1]);
    expect(labelsOf(definition)).toEqual(expect.arrayContaining(selected));
    expect(selected).not.toContain('model');
  });
});
