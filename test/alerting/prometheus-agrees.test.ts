import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { requireTool } from '../../scripts/real-components.ts';
import { isFiring } from '../../src/alerting/alert-state.ts';
import { compilePrometheusRules } from '../../src/alerting/compile-prometheus.ts';
import { evaluateRange, type TrackedAlert } from '../../src/alerting/evaluate-range.ts';
import { loadRules } from '../../src/alerting/load-rules.ts';
import type { Rule } from '../../src/alerting/rule.ts';
import { SignalWindow } from '../../src/alerting/signal-window.ts';
import { findSignal } from '../../src/signals/catalogue.ts';
import { labelsOf } from '../../src/signals/signal-definition.ts';
import type { SignalSeries } from '../../src/store/queries/signal-series.ts';
import { MINUTE, START, seriesOf } from './rules.ts';

const MINUTES = 90;
const promtool = requireTool('promtool');

/** One rule for each thing that a rule can say; all over the same few signals. */
const BODIES: Readonly<Record<string, string>> = {
  Compound: `for: 2m
keep_firing_for: 3m
unless: [Fault, Campaign]
when:
  all:
    - { signal: gpu_utilization_ratio, above: 0.5 }
    - { signal: latency_p99_seconds, above: slo_latency_p99_seconds }`,
  Fault: 'when: { signal: gpu_xid_changes, above: 0.8 }',
  Campaign: 'scope: fleet\nwhen: { signal: business_visits, above: 0.8 }',
  AnyOf:
    'unless: [Fault]\nwhen:\n  any: [{ signal: error_ratio, above: 0.8 }, { signal: latency_p99_seconds, above: 0.8 }]',
  NoneOf:
    'when:\n  all:\n    - { signal: gpu_utilization_ratio, above: 0.3 }\n    - none: [{ signal: error_ratio, above: 0.5 }, { signal: latency_p99_seconds, below: 0.2 }]',
  OnlyNone: 'when:\n  none: [{ signal: error_ratio, above: 0.3 }, { signal: gpu_utilization_ratio, above: 0.5 }]',
  Factor: 'for: 1m\nwhen: { signal: latency_p99_seconds, above: { signal: slo_latency_p99_seconds, times: 1.3 } }',
  OwnThreshold: 'unless: [Fault]\nwhen: { signal: gpu_utilization_ratio, above: 0.5 }',
  ByVersion: `scope: version
keep_firing_for: 1m
unless: [Fault]
when:
  all:
    - { signal: gpu_utilization_ratio, above: 0.3 }
    - { signal: latency_p99_seconds, above: slo_latency_p99_seconds }
    - none: [{ signal: slo_latency_p99_seconds, above: gpu_utilization_ratio }]`,
  VersionFloor:
    'scope: version\nwhen:\n  any:\n    - { signal: slo_latency_p99_seconds, above: latency_p99_seconds }\n    - { signal: gpu_utilization_ratio, above: 0.9 }\n    - { signal: latency_p99_seconds, below: 0.1 }',
  ByGpu:
    'scope: gpu\nwhen:\n  all: [{ signal: gpu_utilization_ratio, above: 0.5 }, { signal: error_ratio, below: 0.6 }]',
  Average: 'when: { signal: error_ratio, above: 0.5, over: 5m }',
  Lowest: 'when: { signal: error_ratio, above: 0.3, over: 3m, agg: min }',
  Highest: 'when: { signal: gpu_utilization_ratio, below: 0.6, over: 4m, agg: max }',
  Newest: 'when: { signal: error_ratio, above: 0.6, over: 6m, agg: last }',
  Ninety: 'scope: version\nwhen: { signal: latency_p99_seconds, above: 0.7, over: 10m, agg: p95 }',
  AnyFeature:
    'when:\n  all: [{ signal: feature_missing_ratio, above: 0.6, over: 2m, agg: min }, { signal: feature_missing_ratio, below: 0.3 }]',
  Unusual: 'when: { signal: error_ratio, above: { baseline: trailing-median, window: 30m, times: 1.4 } }',
  UnusualOther:
    'when: { signal: gpu_utilization_ratio, below: { baseline: trailing-median, signal: latency_p99_seconds, window: 20m } }',
  FarFromPeak: 'when: { signal: error_ratio, below: { baseline: trailing-max, window: 40m, times: 0.5 } }',
  BySegment: 'scope: segment\nwhen:\n  none: [{ signal: error_ratio, below: 0.6 }]',
};

const { rules } = loadRules(
  Object.entries(BODIES).map(([alert, body]) => ({
    file: `${alert}.yaml`,
    text: `alert: ${alert}\nseverity: warning\nrunbook: x\nsummary: "{{alert}} {{model}} ${alert === 'Campaign' ? '{{business_visits}}' : '{{error_ratio}} {{gpu_utilization_ratio}}'}"\n${body}`,
  })),
);

/** Random minutes in runs, a tenth of them without data. */
function randomValues(random: () => number): readonly (number | null)[] {
  let value: number | null = random();
  return Array.from({ length: MINUTES }, () => {
    if (random() < 0.3) value = random() < 0.15 ? null : Math.round(random() * 100) / 100;
    return value;
  });
}

function randomFleet(random: () => number): readonly SignalSeries[] {
  const made = (signal: string, scope: Parameters<typeof seriesOf>[2]) => seriesOf(signal, randomValues(random), scope);
  const ofModel = ['m', 'other.model'].flatMap((model) => [
    made('gpu_utilization_ratio', { model }),
    made('gpu_utilization_ratio', { model, gpu: 'GPU-1' }),
    made('gpu_xid_changes', { model }),
    made('slo_latency_p99_seconds', { model }),
    made('latency_p99_seconds', { model }),
    made('latency_p99_seconds', { model, version: '1' }),
    made('latency_p99_seconds', { model, version: '2' }),
    made('error_ratio', { model }),
    made('error_ratio', { model, segment: 'carrier=AA' }),
    made('feature_missing_ratio', { model, feature: 'price' }),
    made('feature_missing_ratio', { model, feature: 'origin' }),
  ]);
  return [...ofModel, made('business_visits', { model: '' })];
}

const OWN_THRESHOLD = 0.8;

/** Whether an alert is the one of the rule with a threshold of its own, for the model that has it. */
const hasOwnThreshold = (model: string, alert: string): boolean => model === 'other.model' && alert === 'OwnThreshold';

/** The alerts that fire after each minute, as Plumbline decides. */
function decide(series: readonly SignalSeries[]): readonly (readonly TrackedAlert[])[] {
  const window = new SignalWindow(series);
  let alerts: ReadonlyMap<string, TrackedAlert> = new Map();
  return Array.from({ length: MINUTES }, (_, minute) => {
    const fromMs = START + minute * MINUTE;
    const threshold = (model: string, alert: string) => (hasOwnThreshold(model, alert) ? OWN_THRESHOLD : undefined);
    ({ alerts } = evaluateRange({ rules, window, alerts, fromMs, toMs: fromMs + MINUTE, threshold }));
    return [...alerts.values()].filter(({ state }) => isFiring(state));
  });
}

function toInput(series: SignalSeries) {
  const definition = findSignal(series.signal);
  const labels = definition === undefined ? [] : labelsOf(definition);
  const { model, version, feature, segment, gpu } = series;
  const texts: Readonly<Record<string, string>> = { model, version, feature, segment, gpu };
  const byMinute = new Map(series.points.map(([t, value]) => [(t - START) / MINUTE, value]));
  const values = Array.from({ length: MINUTES }, (_, minute) => byMinute.get(minute) ?? 'stale');
  const selector = labels.map((label) => `${label}=${JSON.stringify(texts[label] ?? '')}`).join(',');
  return { series: `plumbline_${series.signal}{${selector}}`, values: values.join(' ') };
}

function toExpectation(rule: Rule, minute: number, firing: readonly TrackedAlert[]) {
  const alerts = firing.filter(({ alert }) => alert === rule.alert);
  return {
    eval_time: `${minute}m`,
    alertname: rule.alert,
    exp_alerts: alerts.map(({ instance, summary }) => ({
      exp_labels: {
        severity: 'warning',
        ...Object.fromEntries(Object.entries(instance).filter(([, value]) => value !== '')),
      },
      exp_annotations: { summary, runbook_url: 'runbooks/x.md' },
    })),
  };
}

/** Runs promtool on the compiled rules with the decisions as expectations and returns what it says. */
function check(series: readonly SignalSeries[], decided: readonly (readonly TrackedAlert[])[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-agree-'));
  try {
    const thresholdsFor = (alert: string) =>
      hasOwnThreshold('other.model', alert) ? [{ model: 'other.model', value: OWN_THRESHOLD }] : [];
    writeFileSync(join(folder, 'rules.yaml'), compilePrometheusRules(rules, { thresholdsFor }));
    const expectations = decided.flatMap((firing, minute) => rules.map((rule) => toExpectation(rule, minute, firing)));
    const file = {
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: [{ interval: '1m', input_series: series.map(toInput), alert_rule_test: expectations }],
    };
    writeFileSync(join(folder, 'test.yaml'), stringify(file));
    const result = spawnSync(promtool ?? '', ['test', 'rules', join(folder, 'test.yaml')], {
      encoding: 'utf8',
      maxBuffer: 1e8,
    });
    return `${result.stdout}${result.stderr}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.skipIf(promtool === undefined).each([1, 2])(
  `Prometheus and Plumbline fire the same alerts in every minute, with the same words, seed %i ${promtool === undefined ? '(NOT RUN: promtool is missing)' : ''}`,
  (seed) => {
    const series = randomFleet(seeded(seed));
    const decided = decide(series);
    for (const { alert } of rules) {
      const count = decided.filter((firing) => firing.some((one) => one.alert === alert)).length;
      expect(count, `${alert} fires in some minutes and not in others`).toBeGreaterThan(0);
      expect(count).toBeLessThan(MINUTES);
    }
    const said = check(series, decided);
    expect(said.slice(0, 3000)).toContain('SUCCESS');
    const shifted = decided.map((firing, minute) => (minute === 40 ? [] : firing));
    expect(check(series, shifted)).toContain('FAILED');
  },
);
