import { parseDocument } from 'yaml';
import { ConfigError } from '../core/errors.ts';
import { findSignal } from '../signals/catalogue.ts';
import { closestName, closestSignal } from '../signals/closest-signal.ts';
import { parseDuration } from './duration.ts';
import {
  type Aggregate,
  type Baseline,
  type Bound,
  comparesOf,
  type Condition,
  placeholdersOf,
  type Rule,
  type SignalRange,
  SUMMARY_NAMES,
} from './rule.ts';
import { describeRuleIssue, pathText } from './rule-issue.ts';
import { isOwnSignal, isPerFeature } from './scope.ts';
import { type CompareInput, type ConditionInput, type RuleInput, ruleSchema } from './rule-schema.ts';

/**
 * Reads one rule from YAML.
 *
 * @throws E_CONFIG with one sentence that names the file, the path, what is allowed and the closest signal
 */
export function parseRule(source: { readonly file: string; readonly text: string }): Rule {
  const raw = readYaml(source);
  const parsed = ruleSchema.safeParse(raw);
  const issue = parsed.error?.issues[0];
  if (issue !== undefined) throw new ConfigError(`${source.file}: ${describeRuleIssue(issue, raw)}`);
  if (!parsed.success) throw new ConfigError(`${source.file}: is not a rule.`);
  const fault = firstFault(parsed.data);
  if (fault !== undefined) throw new ConfigError(`${source.file}: ${fault}`);
  return toRule(parsed.data);
}

function readYaml({ file, text }: { readonly file: string; readonly text: string }): unknown {
  const document = parseDocument(text, { uniqueKeys: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line;
    throw new ConfigError(
      `${file}: is not valid YAML${line === undefined ? '' : ` at line ${line}`}: ${problem.message.split('\n')[0]}`,
    );
  }
  return document.toJS();
}

function toRule(input: RuleInput): Rule {
  return {
    alert: input.alert,
    severity: input.severity,
    scope: input.scope,
    forMs: parseDuration(input.for) ?? 0,
    keepFiringForMs: parseDuration(input.keep_firing_for) ?? 0,
    when: toCondition(input.when),
    unless: [...new Set(input.unless)],
    owner: input.owner,
    labels: input.labels,
    summary: input.summary,
    description: input.description,
    runbook: input.runbook,
    actions: [...new Set(input.actions)],
  };
}

function toCondition(input: ConditionInput): Condition {
  if ('all' in input) return { kind: 'all', of: input.all.map(toCondition) };
  if ('any' in input) return { kind: 'any', of: input.any.map(toCondition) };
  if ('none' in input) return { kind: 'none', of: input.none.map(toCondition) };
  const op = input.above === undefined ? 'below' : 'above';
  const durationMs = input.over === undefined ? undefined : parseDuration(input.over);
  const aggregate: Aggregate = input.agg ?? 'avg';
  return {
    kind: 'compare',
    signal: input.signal,
    op,
    bound: toBound(input.above ?? input.below, input.signal),
    range: durationMs === undefined ? undefined : { durationMs, aggregate },
  };
}

const HOUR_MS = 3_600_000;
const WEEK_MS = 168 * HOUR_MS;
/** Fewer values than this are not a past to compare with. */
const BASELINE_VALUES = 10;

function toBound(input: CompareInput['above'], compared: string): Bound {
  if (typeof input === 'object' && 'baseline' in input) {
    const { baseline, times, signal = compared, window } = input;
    return { kind: 'signal', signal, times, range: baselineRange(baseline, parseDuration(window ?? '24h')) };
  }
  if (typeof input === 'object') return { kind: 'signal', ...input };
  if (typeof input === 'string') return { kind: 'signal', signal: input, times: 1 };
  return { kind: 'number', value: input ?? 0 };
}

/** The hour a week ago has the minute itself in its middle, so that it needs no clock and follows no full hour. */
function baselineRange(baseline: Baseline, windowMs = 24 * HOUR_MS): SignalRange {
  if (baseline === 'trailing-median') return { durationMs: windowMs, aggregate: 'median', atLeast: BASELINE_VALUES };
  if (baseline === 'trailing-max') return { durationMs: windowMs, aggregate: 'max', atLeast: peakValues(windowMs) };
  return { durationMs: HOUR_MS, aggregate: 'avg', offsetMs: WEEK_MS - HOUR_MS / 2, atLeast: BASELINE_VALUES };
}

/** A tenth of the minutes of the window: a median of a few values is one, but the largest of a few is not the peak. */
function peakValues(windowMs: number): number {
  return Math.max(BASELINE_VALUES, Math.ceil(windowMs / 600_000));
}

/** Labels that say what an alert is about. */
const RESERVED_LABELS: readonly string[] = [
  'alertname',
  'model',
  'version',
  'segment',
  'gpu',
  'severity',
  'owner',
  'scope',
];

/** Returns the first mistake that the shape alone cannot show. */
function firstFault(input: RuleInput): string | undefined {
  for (const { signal, path, isBound } of signalsIn(input.when, ['when'])) {
    const number = isBound ? numberFault(signal) : undefined;
    const fault = number ?? signalFault(signal, input.scope) ?? (isBound ? boundFault(signal) : undefined);
    if (fault !== undefined) return `${pathText(path)}: ${fault}`;
  }
  const compared = comparesOf(toCondition(input.when));
  if (!compared.some(({ signal }) => isOwnSignal(input.scope, findSignal(signal)?.scope ?? []))) {
    return `scope: no signal that the rule compares has values per ${input.scope}.`;
  }
  const fixed: readonly string[] = SUMMARY_NAMES;
  for (const name of placeholdersOf(input.summary)) {
    const meant = findSignal(name) === undefined ? closestName(name, fixed) : undefined;
    if (meant !== undefined && !fixed.includes(name)) {
      return `summary: {{${name}}}: there is no signal ${JSON.stringify(name)}; the closest is ${meant}.`;
    }
    const fault = fixed.includes(name) ? undefined : signalFault(name, input.scope);
    if (fault !== undefined) return `summary: {{${name}}}: ${fault}`;
  }
  const reserved = Object.keys(input.labels).find((label) => RESERVED_LABELS.includes(label));
  if (reserved !== undefined) return `labels: ${reserved} is set by the alert itself.`;
  if (input.unless.includes(input.alert)) return `unless: ${input.alert} cannot explain itself.`;
  return undefined;
}

interface SignalPlace {
  readonly signal: string;
  readonly path: readonly PropertyKey[];
  readonly isBound: boolean;
}

function signalsIn(input: ConditionInput, path: readonly PropertyKey[]): readonly SignalPlace[] {
  const inside = (key: string, list: readonly ConditionInput[]): readonly SignalPlace[] =>
    list.flatMap((child, index) => signalsIn(child, [...path, key, index]));
  if ('all' in input) return inside('all', input.all);
  if ('any' in input) return inside('any', input.any);
  if ('none' in input) return inside('none', input.none);
  const key = input.above === undefined ? 'below' : 'above';
  const bound = toBound(input.above ?? input.below, input.signal);
  const own = { signal: input.signal, path: [...path, 'signal'], isBound: false };
  return bound.kind === 'number' ? [own] : [own, { signal: bound.signal, path: [...path, key], isBound: true }];
}

function signalFault(signal: string, scope: RuleInput['scope']): string | undefined {
  const definition = findSignal(signal);
  if (definition === undefined) {
    const closest = closestSignal(signal);
    return `there is no signal ${JSON.stringify(signal.slice(0, 128))}${closest === undefined ? '; the names are listed in the catalogue of signals.' : `; the closest is ${closest}.`}`;
  }
  if (definition.scope.includes('model') || definition.scope.some((level) => level === scope)) return undefined;
  if (definition.scope.includes('feature') && scope === 'model') return undefined;
  return `signal ${signal} has values per ${definition.scope.join(' and ')} only, so a rule of scope ${scope} cannot read it.`;
}

/** A number in quotes, or a percentage, is text to YAML. */
function numberFault(text: string): string | undefined {
  const match = /^\s*([-+]?\d[\d_,]*(?:\.\d+)?|[-+]?\.\d+)\s*(%?)\s*$/.exec(text);
  if (match === null) return undefined;
  const value = Number((match[1] ?? '').replaceAll(/[_,]/g, '')) / (match[2] === '%' ? 100 : 1);
  return `${JSON.stringify(text.slice(0, 64))} is text, not a number; write ${value}.`;
}

/** Features are compared each by itself, so what they are compared with must not depend on the feature. */
function boundFault(signal: string): string | undefined {
  return isPerFeature(findSignal(signal)?.scope ?? [])
    ? `signal ${signal} has no value per model, so nothing can be compared with it.`
    : undefined;
}
