import { type Compare, type Condition, leftTerm, type Term } from './rule.ts';

/** `no_data`: no compare of the rule had a value, which counts as not true. */
export type Verdict = 'true' | 'false' | 'no_data';

export interface ConditionContext {
  /** The value of a term in the minute, undefined when there is none. */
  readonly value: (term: Term) => number | undefined;
  /** Whether a signal has values of the rule's own scope; only those show that the instance is there at all. */
  readonly isOwn?: (signal: string) => boolean;
  /** A threshold that replaces the number that the rule compares a signal with. */
  readonly threshold?: (signal: string) => number | undefined;
}

/**
 * Decides a condition for one minute. A compare is false when its signal or its bound has no value; `none` of false
 * is true.
 */
export function evaluateCondition(condition: Condition, context: ConditionContext): Verdict {
  const isOwn = context.isOwn ?? (() => true);
  const isSeen = (part: Condition): boolean =>
    part.kind === 'compare' ? isOwn(part.signal) && context.value(leftTerm(part)) !== undefined : part.of.some(isSeen);
  if (!isSeen(condition)) return 'no_data';
  return holds(condition, context) ? 'true' : 'false';
}

/** Returns the number that a compare is against in the minute, or undefined when there is none. */
export function boundValue(compare: Compare, context: ConditionContext): number | undefined {
  const { bound, signal } = compare;
  if (bound.kind === 'number') return context.threshold?.(signal) ?? bound.value;
  const value = context.value({ signal: bound.signal, range: bound.range });
  return value === undefined ? undefined : value * bound.times;
}

/** Returns whether a compare holds in the minute. */
function compareHolds(compare: Compare, context: ConditionContext): boolean {
  const left = context.value(leftTerm(compare));
  const right = boundValue(compare, context);
  if (left === undefined || right === undefined) return false;
  return compare.op === 'above' ? left > right : left < right;
}

function holds(condition: Condition, context: ConditionContext): boolean {
  if (condition.kind === 'compare') return compareHolds(condition, context);
  if (condition.kind === 'all') return condition.of.every((child) => holds(child, context));
  const any = condition.of.some((child) => holds(child, context));
  return condition.kind === 'any' ? any : !any;
}
