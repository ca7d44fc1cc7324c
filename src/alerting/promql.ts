import { findSignal } from '../signals/catalogue.ts';
import { prometheusName } from '../signals/signal-definition.ts';
import { formatDuration } from './duration.ts';
import {
  type Compare,
  comparesOf,
  type Condition,
  leftTerm,
  rightTerm,
  type Rule,
  type RuleScope,
  type SignalRange,
  type Term,
} from './rule.ts';
import { isPerFeature, levelOf } from './scope.ts';

/** A threshold of one model that replaces the number in the rule. */
export interface ModelThreshold {
  readonly model: string;
  readonly value: number;
}

export interface PromqlOptions {
  /** Thresholds of single models for a signal of an alert. */
  readonly thresholdsFor: (alert: string, signal: string) => readonly ModelThreshold[];
  /** Whether an alert of that name is about the whole fleet, so that it explains the alerts of every model. */
  readonly isFleetAlert: (alert: string) => boolean;
}

/**
 * Returns the PromQL that is true where the rule's condition is, over the metrics that Plumbline exports. Every part
 * has the labels of the rule's scope and nothing else, so that parts join without lists of labels.
 */
export function promqlOf(rule: Rule, options: PromqlOptions): string {
  const condition = conditionText(rule.when, { rule, options });
  // `unless` binds tighter than `or`.
  const isLoose = rule.unless.length > 0 && (rule.when.kind === 'any' || rule.when.kind === 'compare');
  const parts = [isLoose ? parenthesized(condition) : condition];
  for (const alert of rule.unless) {
    const on = options.isFleetAlert(alert) ? 'on ()' : 'on (model)';
    parts.push(`unless ${on} ALERTS{alertname="${alert}", alertstate="firing"}`);
  }
  return parts.join('\n');
}

/** Returns the PromQL of one value of a rule, for the labels of one alert: `%q` stands for each of them in order. */
export function promqlOfTerm(
  scope: RuleScope,
  term: Term,
): { readonly text: string; readonly labels: readonly string[] } {
  const level = levelFor(scope, term.signal);
  const labels = scope === 'fleet' ? [] : level === 'model' ? ['model'] : ['model', level];
  return {
    text: `${foldOf(term)}(${seriesOf(term, [...belowMatchers(term.signal, level), ...labels.map((label) => `${label}=%q`)])})`,
    labels,
  };
}

interface Context {
  readonly rule: Rule;
  readonly options: PromqlOptions;
}

function conditionText(condition: Condition, context: Context): string {
  if (condition.kind === 'compare') return compareText(condition, context);
  const parts = condition.of.map((child) => parenthesized(conditionText(child, context)));
  if (condition.kind === 'all') return parts.join('\nand ');
  if (condition.kind === 'any') return parts.join('\nor ');
  return `${universe(context)}\nunless ${parenthesized(parts.join('\nor '))}`;
}

function compareText(compare: Compare, context: Context): string {
  const { rule, options } = context;
  const operator = compare.op === 'above' ? '>' : '<';
  const text = compare.bound.kind === 'number' ? numberCompare(compare, compare.bound.value) : signalCompare(compare);
  const levels = [compare.signal, ...(compare.bound.kind === 'signal' ? [compare.bound.signal] : [])];
  const isOwn = levels.some((signal) => levelFor(rule.scope, signal) === rule.scope);
  if (rule.scope === 'model' || rule.scope === 'fleet' || isOwn) return text;
  return `${universe(context)} and on (model) ${parenthesized(text)}`;

  function numberCompare({ signal }: Compare, value: number): string {
    const thresholds = options.thresholdsFor(rule.alert, signal);
    const others = thresholds.map(({ model }) => escapeRegex(model)).join('|');
    const general = thresholds.length === 0 ? [] : [`model!~"${others}"`];
    const all = [
      { matchers: general, value },
      ...thresholds.map((one) => ({ matchers: [`model="${one.model}"`], value: one.value })),
    ];
    return all
      .map((one) => `${vectorOf(rule.scope, leftTerm(compare), one.matchers)} ${operator} ${one.value}`)
      .join('\nor ');
  }

  function signalCompare({ bound }: Compare): string {
    const term = rightTerm(compare);
    if (bound.kind === 'number' || term === undefined) return '';
    const right = vectorOf(rule.scope, term, []);
    const [leftLevel, rightLevel] = [levelFor(rule.scope, compare.signal), levelFor(rule.scope, bound.signal)];
    const side = rightLevel === 'model' ? 'group_left' : 'group_right';
    const matching = leftLevel === rightLevel ? '' : ` on (model) ${side} ()`;
    const factor = bound.times === 1 ? right : `(${bound.times} * ${right})`;
    return `${vectorOf(rule.scope, leftTerm(compare), [])} ${operator}${matching} ${factor}`;
  }
}

/** Every instance of the scope that has a value for any signal of its own that the rule compares. */
function universe({ rule }: Context): string {
  const own = comparesOf(rule.when).filter(
    ({ signal }) => rule.scope === 'fleet' || levelFor(rule.scope, signal) === rule.scope,
  );
  const series = new Set(own.map((compare) => seriesOf(compare, ownMatchers(rule.scope, compare.signal))));
  return `group${byLabels(rule.scope)} (${[...series].join(' or ')})`;
}

function vectorOf(scope: RuleScope, term: Term, matchers: readonly string[]): string {
  const level = levelFor(scope, term.signal);
  const by = byLabels(scope === 'fleet' ? 'fleet' : level);
  return `${foldOf(term)}${by} (${seriesOf(term, [...ownMatchers(scope, term.signal), ...matchers])})`;
}

function seriesOf(term: Term, matchers: readonly string[]): string {
  const selector = `${prometheusName(term.signal)}{${matchers.join(', ')}}`;
  if (term.range === undefined) return selector;
  const { durationMs, aggregate, offsetMs = 0, atLeast = 1 } = term.range;
  // One second short of the range: Prometheus before 3.0 counts both of its ends, which would be a minute too many.
  const offset = offsetMs === 0 ? '' : ` offset ${formatDuration(offsetMs)}`;
  const range = `${selector}[${formatDuration(durationMs - 1000)}]${offset}`;
  const value = OVER_TIME[aggregate](range);
  return atLeast === 1 ? value : `${value} and (count_over_time(${range}) >= ${atLeast})`;
}

const OVER_TIME: Readonly<Record<SignalRange['aggregate'], (range: string) => string>> = {
  avg: (range) => `avg_over_time(${range})`,
  max: (range) => `max_over_time(${range})`,
  min: (range) => `min_over_time(${range})`,
  last: (range) => `last_over_time(${range})`,
  p95: (range) => `quantile_over_time(0.95, ${range})`,
  median: (range) => `quantile_over_time(0.5, ${range})`,
};

function byLabels(scope: RuleScope): string {
  if (scope === 'fleet') return '';
  return scope === 'model' ? ' by (model)' : ` by (model, ${scope})`;
}

function levelFor(scope: RuleScope, signal: string): 'model' | 'version' | 'segment' | 'gpu' {
  return levelOf(scope, findSignal(signal)?.scope ?? []);
}

/** Which of several series speaks; only features are several. */
function foldOf({ signal, feature = 'max' }: Term): 'max' | 'min' {
  return isPerFeature(findSignal(signal)?.scope ?? []) ? feature : 'max';
}

/** Matchers that pick the series of the level: its own label filled, the labels of the levels below empty. */
function ownMatchers(scope: RuleScope, signal: string): readonly string[] {
  const level = levelFor(scope, signal);
  if (scope === 'fleet') return ['model=""', ...belowMatchers(signal, level)];
  const own = level === 'model' ? 'model!=""' : `${level}!=""`;
  return [own, ...belowMatchers(signal, level)];
}

function belowMatchers(signal: string, level: string): readonly string[] {
  const levels = findSignal(signal)?.scope ?? [];
  const below = levels.filter((other) => other !== 'model' && other !== level);
  // A signal that only features have is read from its features.
  return isPerFeature(levels) ? ['feature!=""'] : below.map((other) => `${other}=""`);
}

function parenthesized(text: string): string {
  return text.includes('\n') ? `(\n${text.replaceAll(/^/gm, '  ')}\n)` : `(${text})`;
}

/** Names of models have no special characters but the dot. */
function escapeRegex(model: string): string {
  return model.replaceAll('.', '[.]');
}
