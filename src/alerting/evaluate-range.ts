import { type AlertState, type AlertTransition, INACTIVE, isFiring, isOpen, stepAlert } from './alert-state.ts';
import { boundValue, type ConditionContext, evaluateCondition, type Verdict } from './evaluate-condition.ts';
import { findSignal } from '../signals/catalogue.ts';
import { describeCompare, renderSummary } from './render-summary.ts';
import { comparesOf, leftTerm, type Rule, type Term, termKey, termsOf } from './rule.ts';
import { episodeOf, isFleet, isOwnSignal, type ScopeInstance, scopeKeyOf } from './scope.ts';
import type { SignalWindow } from './signal-window.ts';

/** One alert and scope with what it last said. */
export interface TrackedAlert {
  readonly alert: string;
  readonly scopeKey: string;
  readonly instance: ScopeInstance;
  readonly severity: Rule['severity'];
  readonly labels: Readonly<Record<string, string>>;
  readonly state: AlertState;
  /** As of the last minute in which the condition held. */
  readonly values: Readonly<Record<string, number>>;
  readonly summary: string;
  readonly revision: number;
}

export interface AlertChange {
  readonly atMs: number;
  readonly transition: AlertTransition;
  readonly rule: Rule;
  /** The alert after the change. */
  readonly alert: TrackedAlert;
  readonly verdict: Verdict;
  /** Each compare with its numbers in that minute. */
  readonly conditions: readonly string[];
}

/** Gives the threshold that replaces the number of a compare for one model, or undefined. */
export type ThresholdOverride = (model: string, alert: string, signal: string) => number | undefined;

export interface RangeInput {
  /** Each rule after those that its `unless` names. */
  readonly rules: readonly Rule[];
  readonly window: SignalWindow;
  /** By `alertKey`. */
  readonly alerts: ReadonlyMap<string, TrackedAlert>;
  /** First minute, inclusive, and last, exclusive; epoch ms on whole minutes. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly threshold: ThresholdOverride;
}

export interface RangeResult {
  readonly alerts: ReadonlyMap<string, TrackedAlert>;
  readonly changes: readonly AlertChange[];
}

const MINUTE_MS = 60_000;

/** No model is called so: a model's name has no asterisk. */
const EVERY_MODEL = '*';

/** Decides every rule for every minute of a range in order. Pure: the same input gives the same states and changes. */
export function evaluateRange(input: RangeInput): RangeResult {
  const alerts = new Map(input.alerts);
  const changes: AlertChange[] = [];
  const candidates = input.rules.flatMap((rule) =>
    instancesOf(rule, input).map((one) => candidateOf(rule, one, input)),
  );
  const firing = new FiringCount([...alerts.values()]);
  for (let minuteMs = input.fromMs; minuteMs < input.toMs; minuteMs += MINUTE_MS) {
    for (const candidate of candidates) {
      const before = alerts.get(candidate.key);
      const outcome = evaluateMinute({ candidate, before, minuteMs, firing });
      changes.push(...outcome.changes);
      if (outcome.alert === undefined) continue;
      alerts.set(candidate.key, outcome.alert);
      firing.replace(before, outcome.alert);
    }
  }
  return { alerts, changes };
}

/** Returns the key of an alert and scope in the map of tracked alerts. */
export function alertKey(alert: string, scopeKey: string): string {
  return `${alert}\u0000${scopeKey}`;
}

function instancesOf(rule: Rule, { window, alerts }: RangeInput): readonly ScopeInstance[] {
  const signals = comparesOf(rule.when).map(({ signal }) => signal);
  const found = new Map(window.instances(rule.scope, signals).map((one) => [scopeKeyOf(rule.scope, one), one]));
  for (const tracked of alerts.values()) {
    if (tracked.alert === rule.alert && isOpen(tracked.state)) found.set(tracked.scopeKey, tracked.instance);
  }
  return [...found.values()];
}

/** A rule and one instance of its scope, with everything that does not change from minute to minute. */
interface Candidate {
  readonly rule: Rule;
  readonly instance: ScopeInstance;
  readonly scopeKey: string;
  readonly key: string;
  readonly contextAt: (minuteMs: number) => ConditionContext;
}

function candidateOf(rule: Rule, instance: ScopeInstance, { window, threshold }: RangeInput): Candidate {
  const readers = new Map<string, (minuteMs: number) => number | undefined>();
  const readerOf = (term: Term): ((minuteMs: number) => number | undefined) => {
    const key = termKey(term);
    const reader = readers.get(key) ?? window.reader(term, rule.scope, instance);
    readers.set(key, reader);
    return reader;
  };
  const signals = comparesOf(rule.when).map(({ signal }) => signal);
  const own = new Set(signals.filter((signal) => isOwnSignal(rule.scope, findSignal(signal)?.scope ?? [])));
  const thresholds = new Map(signals.map((signal) => [signal, threshold(instance.model, rule.alert, signal)]));
  const scopeKey = scopeKeyOf(rule.scope, instance);
  return {
    rule,
    instance,
    scopeKey,
    key: alertKey(rule.alert, scopeKey),
    contextAt: (minuteMs) => ({
      value: (term) => readerOf(term)(minuteMs),
      isOwn: (signal) => own.has(signal),
      threshold: (signal) => thresholds.get(signal),
    }),
  };
}

interface MinuteInput {
  readonly candidate: Candidate;
  readonly before: TrackedAlert | undefined;
  readonly minuteMs: number;
  readonly firing: FiringCount;
}

function evaluateMinute(options: MinuteInput): {
  readonly alert: TrackedAlert | undefined;
  readonly changes: readonly AlertChange[];
} {
  const { candidate, before, minuteMs, firing } = options;
  const { rule, instance, scopeKey } = candidate;
  const context = candidate.contextAt(minuteMs);
  const explained = rule.unless.some((alert) => firing.has(alert, instance.model));
  const verdict = explained ? 'false' : evaluateCondition(rule.when, context);
  if (verdict !== 'true' && (before === undefined || !isOpen(before.state))) return UNCHANGED;
  const { state, transitions } = stepAlert(before?.state ?? INACTIVE, {
    verdict,
    minuteMs,
    forMs: rule.forMs,
    keepFiringForMs: rule.keepFiringForMs,
    episodeAt: (firstMs) => episodeOf(rule.alert, scopeKey, firstMs),
  });
  if (state === before?.state) return UNCHANGED;
  const said = verdict === 'true' || before === undefined ? sayMinute(rule, instance, context) : before;
  const alert: TrackedAlert = {
    alert: rule.alert,
    scopeKey,
    instance,
    severity: rule.severity,
    labels: rule.labels,
    state,
    values: said.values,
    summary: said.summary,
    revision: (before?.revision ?? 0) + 1,
  };
  if (transitions.length === 0) return { alert, changes: [] };
  const conditions = describeConditions(rule, context);
  return {
    alert,
    changes: transitions.map((transition) => ({ atMs: minuteMs, transition, rule, alert, verdict, conditions })),
  };
}

const UNCHANGED = { alert: undefined, changes: [] } as const;

function sayMinute(
  rule: Rule,
  instance: ScopeInstance,
  context: ConditionContext,
): { readonly values: Readonly<Record<string, number>>; readonly summary: string } {
  const values: Record<string, number> = {};
  for (const term of termsOf(rule)) {
    const value = context.value(term);
    if (value !== undefined) values[term.signal] = value;
  }
  const texts = { ...instance, alert: rule.alert, severity: rule.severity, owner: rule.owner ?? '' };
  return { values, summary: renderSummary(rule.summary, { texts, values }) };
}

function describeConditions(rule: Rule, context: ConditionContext): readonly string[] {
  return comparesOf(rule.when).map((compare) =>
    describeCompare(compare, context.value(leftTerm(compare)), boundValue(compare, context)),
  );
}

/** Which alerts fire for which model. An alert about the whole fleet concerns every model. */
class FiringCount {
  readonly #counts = new Map<string, number>();

  constructor(alerts: readonly TrackedAlert[]) {
    for (const alert of alerts) this.replace(undefined, alert);
  }

  has(alert: string, model: string): boolean {
    return [model, EVERY_MODEL].some((concerned) => (this.#counts.get(alertKey(alert, concerned)) ?? 0) > 0);
  }

  replace(before: TrackedAlert | undefined, after: TrackedAlert): void {
    const change = Number(isFiring(after.state)) - Number(before !== undefined && isFiring(before.state));
    if (change === 0) return;
    const key = alertKey(after.alert, isFleet(after.instance) ? EVERY_MODEL : after.instance.model);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + change);
  }
}
