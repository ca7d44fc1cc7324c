import { stringify } from 'yaml';
import { findSignal } from '../signals/catalogue.ts';
import { labelsOf, prometheusName } from '../signals/signal-definition.ts';
import type { SignalSeries } from '../store/queries/signal-series.ts';
import { isFiring } from './alert-state.ts';
import { evaluateRange, type TrackedAlert } from './evaluate-range.ts';
import { runbookAddress } from './compile-prometheus.ts';
import type { Rule } from './rule.ts';
import { type RuleScenario, scenariosOf } from './rule-scenarios.ts';
import { SignalWindow } from './signal-window.ts';

const MINUTE_MS = 60_000;

/**
 * Returns the unit tests of a rule for promtool: minutes in which it must fire and resolve exactly when Plumbline's own
 * evaluator does, the same minutes with one signal quiet, and with each explaining alert firing, in which it must not.
 */
export function compilePromtoolTests(rule: Rule, rulesFile: string): string {
  const scenarios = scenariosOf(rule, { model: 'm', startMs: 0 });
  const [main] = scenarios;
  const explained = main === undefined ? [] : rule.unless.map((alert) => explainedTest(rule, main, alert));
  const tests = [...scenarios.map((scenario) => testOf(rule, scenario)), ...explained];
  const file = { rule_files: [rulesFile], evaluation_interval: '1m', tests };
  const head = `# Generated from the rule by \`plumbline generate\`: it fires on its case, and not when one signal alone is fine.\n`;
  return `${head}${stringify(file, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function testOf(rule: Rule, scenario: RuleScenario) {
  const { fired, lastMs } = decided(rule, scenario);
  const changes = [...fired.keys()].filter(
    (atMs) => (fired.get(atMs) === undefined) !== (fired.get(atMs - MINUTE_MS) === undefined),
  );
  const asked = scenario.isSilent
    ? [scenario.incidentMs + rule.forMs, lastMs - rule.keepFiringForMs, lastMs]
    : [...changes.flatMap((atMs) => [atMs - MINUTE_MS, atMs]), lastMs];
  return {
    name: scenario.name,
    interval: '1m',
    input_series: scenario.series.map((series) => inputOf(series, scenario)),
    alert_rule_test: [...new Set(asked)].map((atMs) => expectation(rule, atMs, fired.get(atMs))),
  };
}

function explainedTest(rule: Rule, main: RuleScenario, alert: string) {
  const { fired } = decided(rule, main);
  const firing = [...fired].filter(([, one]) => one !== undefined).map(([atMs]) => atMs);
  const minutes = (main.toMs - main.fromMs) / MINUTE_MS;
  return {
    name: `${alert} explains it`,
    interval: '1m',
    input_series: [
      ...main.series.map((series) => inputOf(series, main)),
      {
        series: `ALERTS{alertname="${alert}",alertstate="firing",model="m",severity="critical"}`,
        values: `1x${minutes}`,
      },
    ],
    alert_rule_test: [firing.at(0), firing.at(-1)].flatMap((atMs) =>
      atMs === undefined ? [] : [expectation(rule, atMs, undefined)],
    ),
  };
}

/** Returns the alert in each minute of the incident and after, undefined where it does not fire. */
function decided(rule: Rule, scenario: RuleScenario) {
  const window = new SignalWindow(scenario.series);
  const fired = new Map<number, TrackedAlert | undefined>();
  let alerts: ReadonlyMap<string, TrackedAlert> = new Map();
  for (let atMs = scenario.incidentMs - 2 * MINUTE_MS; atMs < scenario.toMs; atMs += MINUTE_MS) {
    const range = { fromMs: atMs, toMs: atMs + MINUTE_MS };
    ({ alerts } = evaluateRange({ rules: [rule], window, alerts, ...range, threshold: () => undefined }));
    fired.set(
      atMs,
      [...alerts.values()].find(({ state }) => isFiring(state)),
    );
  }
  return { fired, lastMs: scenario.toMs - MINUTE_MS };
}

function expectation(rule: Rule, atMs: number, alert: TrackedAlert | undefined) {
  const scope = Object.entries(alert?.instance ?? {}).filter(([, value]) => value !== '');
  const owner = rule.owner === undefined ? {} : { owner: rule.owner };
  const one = alert && {
    exp_labels: { severity: rule.severity, ...owner, ...rule.labels, ...Object.fromEntries(scope) },
    exp_annotations: {
      summary: alert.summary,
      ...(rule.description === undefined ? {} : { description: rule.description }),
      runbook_url: runbookAddress(rule),
    },
  };
  return {
    eval_time: `${atMs / MINUTE_MS}m`,
    alertname: rule.alert,
    exp_alerts: one === undefined ? [] : [one],
  };
}

/** A series in promtool's notation: runs of one value, and a stale marker where the value goes. */
function inputOf(series: SignalSeries, scenario: RuleScenario) {
  const definition = findSignal(series.signal);
  const texts: Readonly<Record<string, string>> = {
    model: series.model,
    version: series.version,
    feature: series.feature,
    segment: series.segment,
    gpu: series.gpu,
  };
  const labels = definition === undefined ? [] : labelsOf(definition);
  const selector = labels.map((label) => `${label}=${JSON.stringify(texts[label] ?? '')}`).join(',');
  return { series: `${prometheusName(series.signal)}{${selector}}`, values: runsOf(series, scenario) };
}

function runsOf({ points }: SignalSeries, { fromMs, toMs }: RuleScenario): string {
  const byMinute = new Map(points);
  const runs: { readonly value: number | undefined; count: number }[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += MINUTE_MS) {
    const value = byMinute.get(atMs);
    const last = runs.at(-1);
    if (last !== undefined && last.value === value) last.count += 1;
    else runs.push({ value, count: 1 });
  }
  return runs
    .map(({ value, count }) => {
      if (value !== undefined) return `${value}x${count - 1}`;
      return count === 1 ? 'stale' : `stale _x${count - 1}`;
    })
    .join(' ');
}
