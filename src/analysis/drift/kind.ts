import type { ReferenceFacts } from './facts.ts';
import type { FeatureKind } from './report.ts';
import type { Column } from './source.ts';

/** Features whose kind the user states. */
export interface KindOverrides {
  readonly categorical: readonly string[];
  readonly numeric: readonly string[];
}

/**
 * Decides whether a column is compared by categories or by order.
 *
 * Text is categorical. Numbers are numeric, except codes: a flag of 0 and 1, or whole numbers 1..K without a gap,
 * 3 <= K <= 12 (a month, a weekday, a class), as the reference shows them. Counts and amounts, which may be 0, stay
 * numeric.
 */
export function kindOf(column: Column, facts: ReferenceFacts, overrides: KindOverrides): FeatureKind {
  if (overrides.categorical.includes(column.name)) return 'categorical';
  if (column.storage === 'text') return 'categorical';
  if (overrides.numeric.includes(column.name)) return 'numeric';
  return isCode(facts.values) ? 'categorical' : 'numeric';
}

const MAX_CODES = 12;
const MIN_CODES = 3;

function isCode(values: readonly number[] | undefined): boolean {
  if (values === undefined) return false;
  if (values.length === 2 && values[0] === 0 && values[1] === 1) return true;
  if (values.length < MIN_CODES || values.length > MAX_CODES) return false;
  return values.every((value, index) => value === index + 1);
}
