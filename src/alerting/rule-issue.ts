import { z } from 'zod';
import { closestName } from '../signals/closest-signal.ts';
import { BOUND_KEYS, CONDITION_KEYS, DURATION_HINT, ruleSchema } from './rule-schema.ts';

type Issue = z.core.$ZodIssue;

/**
 * Returns one sentence for what is wrong with a rule: path first, then the problem and what is allowed.
 *
 * @param raw  The rule as it was read, to tell a missing value from a wrong one and to find the branch that was meant.
 */
export function describeRuleIssue(issue: Issue, raw: unknown): string {
  return describe(issue, { raw, prefix: [] });
}

/** Returns a path as text, for example `when.all[1].above`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

type Node = 'rule' | 'bound' | 'baseline' | (typeof CONDITION_KEYS)[number];

interface Place {
  readonly raw: unknown;
  readonly prefix: readonly PropertyKey[];
}

const ALLOWED_KEYS: Readonly<Record<Node, readonly string[]>> = {
  rule: Object.keys(ruleSchema.shape),
  all: ['all'],
  any: ['any'],
  none: ['none'],
  signal: ['signal', 'above', 'below', 'over', 'agg'],
  bound: Object.keys(BOUND_KEYS.signal),
  baseline: Object.keys(BOUND_KEYS.baseline),
};

function describe(issue: Issue, place: Place): string {
  const path = [...place.prefix, ...issue.path];
  const value = valueAt(place.raw, path);
  if (issue.code === 'invalid_union') return describeUnion(issue, { ...place, prefix: path }, value);
  return sentence(path, problemOf(issue, value, path));
}

function describeUnion(issue: Extract<Issue, { code: 'invalid_union' }>, place: Place, value: unknown): string {
  const last = place.prefix.at(-1);
  const isBound = last === 'above' || last === 'below';
  const keys = isRecord(value) ? Object.keys(value) : [];
  if (isBound) {
    const nested = keys.length === 0 ? undefined : issue.errors.at(keys.includes('baseline') ? -2 : -1)?.[0];
    if (nested !== undefined) return describe(nested, place);
    return sentence(
      place.prefix,
      'must be a number, the name of a signal, {signal, times}, or {baseline, times, signal, window}',
    );
  }
  const nested = issue.errors[CONDITION_KEYS.findIndex((key) => keys.includes(key))]?.[0];
  if (nested !== undefined) return describe(nested, place);
  const meant = keys.map((key) => closest(LOGIC.get(key) ?? key, CONDITION_KEYS)).find((text) => text !== '') ?? '';
  if (keys.length === 0)
    return sentence(place.prefix, 'must be a condition: one of all, any, none, or a compare with signal');
  return sentence(
    place.prefix,
    `must have one of all, any, none or signal, but has ${keys.slice(0, 5).map(quote).join(', ')}${meant}`,
  );
}

function problemOf(issue: Issue, value: unknown, path: readonly PropertyKey[]): string {
  const node = nodeOf(path, value);
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys.slice(0, 3).map(quote).join(', ');
    const allowed = ALLOWED_KEYS[node];
    return `has the unknown key ${unknown}; allowed are ${allowed.join(', ')}${closest(issue.keys[0], allowed)}`;
  }
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'is not an allowed key';
  if (value === undefined) return 'is required';
  const last = path.at(-1);
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String);
    return `must be one of ${allowed.join(', ')}${closest(value, allowed)}`;
  }
  if (issue.code === 'invalid_type' && DURATION_KEYS.has(last)) return DURATION_HINT;
  if (issue.code === 'invalid_type') return `must be ${article(issue.expected)}${LIST_EXAMPLES.get(last) ?? ''}`;
  if (issue.code === 'too_big') return `must be at most ${String(issue.maximum)} characters long`;
  if (issue.code === 'too_small' && !issue.message.startsWith('must')) return 'must not be empty';
  const isAction = issue.code === 'invalid_format' && path[0] === 'actions';
  return isAction ? `${issue.message}${closest(value, ACTIONS)}` : issue.message;
}

/** What the parts of a condition are called elsewhere. */
const LOGIC: ReadonlyMap<string, string> = new Map([
  ['and', 'all'],
  ['or', 'any'],
  ['not', 'none'],
]);
const DURATION_KEYS: ReadonlySet<PropertyKey | undefined> = new Set(['for', 'keep_firing_for', 'over', 'window']);
const LIST_EXAMPLES: ReadonlyMap<PropertyKey | undefined, string> = new Map([
  ['actions', ' such as [page]'],
  ['unless', ' of alerts such as [GpuFault]'],
]);
const ACTIONS = ['page', 'notify', 'retrain'] as const;

/** Returns the end of a sentence that names what was probably meant, or nothing. */
function closest(given: unknown, allowed: readonly string[]): string {
  const name = typeof given === 'string' ? closestName(given, allowed) : undefined;
  return name === undefined ? '' : `; the closest is ${name}`;
}

/** Returns what an object in a rule is, so that its allowed keys can be named. */
function nodeOf(path: readonly PropertyKey[], value: unknown): Node {
  const last = path.at(-1);
  if (last === 'above' || last === 'below') return isRecord(value) && 'baseline' in value ? 'baseline' : 'bound';
  if (path[0] !== 'when') return 'rule';
  return CONDITION_KEYS.find((key) => isRecord(value) && key in value) ?? 'signal';
}

function sentence(path: readonly PropertyKey[], problem: string): string {
  return `${path.length === 0 ? 'the rule' : pathText(path)} ${problem}.`;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part];
    else if (isRecord(value) && typeof part === 'string') value = value[part];
    else return undefined;
  }
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function article(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'text',
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
  };
  return names[expected] ?? `a ${expected}`;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
