/** How bad it is that a rule fires; `critical` wakes somebody. */
export type Severity = 'critical' | 'warning' | 'info';

/** What one alert of a rule is about; `fleet` means all models together. */
export type RuleScope = 'model' | 'version' | 'segment' | 'gpu' | 'fleet';

export type Aggregate = 'avg' | 'max' | 'min' | 'last' | 'p95';

/** The minutes (t - durationMs, t] of a signal, as one number. */
export interface SignalRange {
  readonly durationMs: number;
  readonly aggregate: Aggregate;
}

/** The right side of a compare: a number, or `times` the value that another signal has in the same minute. */
export type Bound =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'signal'; readonly signal: string; readonly times: number };

export interface Compare {
  readonly kind: 'compare';
  readonly signal: string;
  readonly op: 'above' | 'below';
  readonly bound: Bound;
  /** Undefined: the value of the minute itself. */
  readonly range: SignalRange | undefined;
}

/**
 * A tree of compares. A compare without a value is false, so `none` of it is true; a rule for which no compare has a
 * value is neither.
 */
export type Condition = Compare | { readonly kind: 'all' | 'any' | 'none'; readonly of: readonly Condition[] };

export interface Rule {
  readonly alert: string;
  readonly severity: Severity;
  readonly scope: RuleScope;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly when: Condition;
  /** Rules whose firing for the same model explains this one, which then stays silent. */
  readonly unless: readonly string[];
  readonly owner: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string | undefined;
  /** Name of a file in runbooks/ without `.md`, or an https address. */
  readonly runbook: string;
  /** `page`, `notify`, `retrain` or `webhook:<name>`. */
  readonly actions: readonly string[];
}

/** One value that a rule reads: a signal in the minute itself or over a range. */
export interface Term {
  readonly signal: string;
  readonly range: SignalRange | undefined;
}

/** Returns the compares of a condition in the order in which they are written. */
export function comparesOf(condition: Condition): readonly Compare[] {
  return condition.kind === 'compare' ? [condition] : condition.of.flatMap(comparesOf);
}

/** Returns the names between double braces in a summary, in order. */
export function placeholdersOf(template: string): readonly string[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

/** A name between double braces. */
export const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** Names that a summary may use besides signals. */
export const SUMMARY_NAMES = ['model', 'version', 'segment', 'gpu', 'alert', 'severity', 'owner'] as const;

/**
 * Returns every signal of a rule once, each as it is to be shown: over the range of its first compare, or in the
 * minute itself when it is only a bound or only in the summary.
 */
export function termsOf(rule: Pick<Rule, 'when' | 'summary'>): readonly Term[] {
  const terms = new Map<string, Term>();
  const compares = comparesOf(rule.when);
  for (const { signal, range } of compares) if (!terms.has(signal)) terms.set(signal, { signal, range });
  const fixed: readonly string[] = SUMMARY_NAMES;
  const others = [
    ...compares.flatMap(({ bound }) => (bound.kind === 'signal' ? [bound.signal] : [])),
    ...placeholdersOf(rule.summary).filter((name) => !fixed.includes(name)),
  ];
  for (const signal of others) if (!terms.has(signal)) terms.set(signal, { signal, range: undefined });
  return [...terms.values()];
}

/** Returns the longest range that a rule looks back over, in milliseconds; 0 when it reads single minutes. */
export function longestRangeMs(rule: Pick<Rule, 'when'>): number {
  return Math.max(0, ...comparesOf(rule.when).map(({ range }) => range?.durationMs ?? 0));
}
