import { stringify } from 'yaml';
import { findSignal } from '../signals/catalogue.ts';
import type { SignalUnit } from '../signals/signal-definition.ts';
import { formatDuration } from './duration.ts';
import { type ModelThreshold, promqlOf, promqlOfTerm } from './promql.ts';
import { PLACEHOLDER, type Rule, termsOf } from './rule.ts';

export interface CompilePrometheusOptions {
  /** Thresholds of single models for a signal of an alert; none by default. */
  readonly thresholdsFor?: (alert: string, signal: string) => readonly ModelThreshold[];
  /** Address of a runbook, by the name in the rule; by default its path in the repository. */
  readonly runbookUrl?: (runbook: string) => string;
}

/**
 * Returns a Prometheus rules file (2.42 and later) with the alerts over the metrics that Plumbline exports. The order
 * of the rules is kept, because Prometheus decides a group from top to bottom and `unless` reads rules above. They are
 * judged as often as its own `evaluation_interval` says.
 */
export function compilePrometheusRules(rules: readonly Rule[], options: CompilePrometheusOptions = {}): string {
  const byAlert = new Map(rules.map((rule) => [rule.alert, rule]));
  const promql = {
    thresholdsFor: options.thresholdsFor ?? (() => []),
    isFleetAlert: (alert: string): boolean => byAlert.get(alert)?.scope === 'fleet',
  };
  const { runbookUrl } = options;
  const compiled = rules.map((rule) => ({
    alert: rule.alert,
    expr: promqlOf(rule, promql),
    ...(rule.forMs === 0 ? {} : { for: formatDuration(rule.forMs) }),
    ...(rule.keepFiringForMs === 0 ? {} : { keep_firing_for: formatDuration(rule.keepFiringForMs) }),
    labels: {
      severity: rule.severity,
      ...(rule.owner === undefined ? {} : { owner: literal(rule.owner) }),
      ...literals(rule.labels),
    },
    annotations: {
      summary: templateOf(rule),
      ...(rule.description === undefined ? {} : { description: literal(rule.description) }),
      runbook_url: literal(runbookAddress(rule, runbookUrl)),
    },
  }));
  const file = { groups: [{ name: 'plumbline', rules: compiled }] };
  return `# Generated from alerts/*.yaml by \`plumbline generate\`; change the rules there.\n${stringify(file, { lineWidth: 0 })}`;
}

/** Returns where the runbook of a rule is: as it is written when it is an address, else by its name. */
export function runbookAddress(
  { runbook }: Pick<Rule, 'runbook'>,
  urlOf = (name: string): string => `runbooks/${name}.md`,
): string {
  return runbook.startsWith('https://') ? runbook : urlOf(runbook);
}

/** Returns the summary as a template of Prometheus, which looks the values up when the alert is sent. */
function templateOf(rule: Rule): string {
  const terms = new Map(termsOf(rule).map((term) => [term.signal, term]));
  const fixed: Readonly<Record<string, string>> = {
    alert: rule.alert,
    severity: rule.severity,
    owner: rule.owner ?? '',
  };
  return rule.summary.replaceAll(PLACEHOLDER, (_, name: string) => {
    const term = terms.get(name);
    if (term === undefined) return fixed[name] ?? `{{ $labels.${name} }}`;
    const { text, labels } = promqlOfTerm(rule.scope, term);
    const query = ['printf', `\`${text}\``, ...labels.map((label) => `$labels.${label}`)].join(' ');
    const format = FORMATS[findSignal(name)?.unit ?? 'number'];
    return `{{ with ${query} | query }}{{ . | first | value | ${format.filter} }}${format.suffix}{{ else }}no data{{ end }}`;
  });
}

/** As `formatSignal` writes values. */
const FORMATS: Readonly<Record<SignalUnit, { readonly filter: string; readonly suffix: string }>> = {
  seconds: { filter: 'humanizeDuration', suffix: '' },
  ratio: { filter: 'humanizePercentage', suffix: '' },
  per_second: { filter: 'printf "%.4g"', suffix: '/s' },
  bytes_per_second: { filter: 'printf "%.4g"', suffix: 'B/s' },
  celsius: { filter: 'printf "%.4g"', suffix: '°C' },
  watts: { filter: 'printf "%.4g"', suffix: 'W' },
  usd: { filter: 'printf "%.4g"', suffix: ' USD' },
  count: { filter: 'printf "%.4g"', suffix: '' },
  score: { filter: 'printf "%.4g"', suffix: '' },
  number: { filter: 'printf "%.4g"', suffix: '' },
};

/** Keeps text that looks like a template from being one. */
function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

function literals(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, literal(value)]));
}
