/** How bad it is that a rule fires; `critical` wakes somebody. */
export type Severity = 'critical' | 'warning' | 'info';

/** What one alert of a rule is about; `fleet` means all models together. */
export type RuleScope = 'model' | 'version' | 'segment' | 'gpu' | 'fleet';

export type Aggregate = 'avg' | 'max' | 'min' | 'last' | 'p95';

/** What a signal is compared with when it is compared with its own past. */
export type Baseline = 'same-hour-last-week' | 'trailing-median' | 'trailing-max';

/** The minutes (t - offsetMs - durationMs, t - offsetMs] of a signal, as one number. */
export interface SignalRange {
  readonly durationMs: number;
  readonly aggregate: Aggregate | 'median';
  /** How far back the range ends; 0 when absent. */
  readonly offsetMs?: number;
  /** Fewer values than this are no value; 1 when absent. */
  readonly atLeast?: number;
}

/** The right side of a compare: a number, or `times` what a signal is in the same minute or was over a range. */
export type Bound =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'signal'; readonly signal: string; readonly times: number; readonly range?: SignalRange };

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
  /** Of a signal with values per feature: which feature speaks for the model. The greatest when absent. */
  readonly feature?: 'max' | 'min';
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
  for (const compare of compares) if (!terms.has(compare.signal)) terms.set(compare.signal, leftTerm(compare));
  const fixed: readonly string[] = SUMMARY_NAMES;
  const others = [
    ...compares.flatMap(({ bound }) => (bound.kind === 'signal' ? [bound.signal] : [])),
    ...placeholdersOf(rule.summary).filter((name) => !fixed.includes(name)),
  ];
  for (const signal of others) if (!terms.has(signal)) terms.set(signal, { signal, range: undefined });
  return [...terms.values()];
}

/** Returns the left side of a compare. Of features, `above` asks the greatest and `below` the least: any is enough. */
export function leftTerm({ signal, range, op }: Compare): Term {
  return { signal, range, feature: op === 'above' ? 'max' : 'min' };
}

/** Returns the right side of a compare, undefined when it is a number. */
export function rightTerm({ bound }: Compare): Term | undefined {
  return bound.kind === 'number' ? undefined : { signal: bound.signal, range: bound.range };
}

/** Returns a text that is the same for terms that are the same number in every minute. */
export function termKey({ signal, range, feature }: Term): string {
  const over = range === undefined ? [] : [range.aggregate, range.durationMs, range.offsetMs ?? 0, range.atLeast ?? 1];
  return [signal, feature ?? 'max', ...over].join(' ');
}
