import { createHash } from 'node:crypto';
import type { Labels } from '../metric-sample.ts';
import { compileRegex } from './compile-regex.ts';
import type { RelabelStep } from './config.ts';

/** Returns the labels after relabelling, or undefined when a step says that what carries them is left out. */
export type Relabel = (labels: Labels) => Labels | undefined;

/**
 * Returns the relabelling that steps describe, in their order.
 *
 * @see Prometheus, relabel_config; model/relabel/relabel.go
 */
export function createRelabel(steps: readonly RelabelStep[]): Relabel {
  const actions = steps.map(actionOf);
  return (labels) => {
    const working = new Map(Object.entries(labels));
    for (const action of actions) if (!action(working)) return undefined;
    return Object.fromEntries([...working].filter(([, value]) => value !== ''));
  };
}

/** Changes the labels; false leaves out what carries them. */
type Action = (labels: Map<string, string>) => boolean;

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function actionOf(step: RelabelStep): Action {
  // The configuration was checked: a pattern that cannot be compiled does not come here.
  const regex = compileRegex(step.regex) ?? /^$/;
  const target = step.target_label ?? '';
  const joined = (labels: Map<string, string>): string =>
    step.source_labels.map((name) => labels.get(name) ?? '').join(step.separator);
  const write = (value: (source: string) => string): Action => {
    return (labels) => {
      labels.set(target, value(joined(labels)));
      return true;
    };
  };
  switch (step.action) {
    case 'keep':
      return (labels) => regex.test(joined(labels));
    case 'drop':
      return (labels) => !regex.test(joined(labels));
    case 'keepequal':
      return (labels) => joined(labels) === (labels.get(target) ?? '');
    case 'dropequal':
      return (labels) => joined(labels) !== (labels.get(target) ?? '');
    case 'replace':
      return (labels) => replace(labels, joined(labels), regex, step);
    case 'lowercase':
      return write((source) => source.toLowerCase());
    case 'uppercase':
      return write((source) => source.toUpperCase());
    case 'hashmod':
      return write((source) => hashModulo(source, step.modulus ?? 1));
    case 'labelmap':
      return (labels) => mapLabels(labels, regex, step.replacement);
    case 'labeldrop':
      return (labels) => removeLabels(labels, (name) => regex.test(name));
    case 'labelkeep':
      return (labels) => removeLabels(labels, (name) => !regex.test(name));
  }
}

function replace(labels: Map<string, string>, source: string, regex: RegExp, step: RelabelStep): boolean {
  const match = regex.exec(source);
  if (match === null) return true;
  const target = expand(step.target_label ?? '', match);
  if (!LABEL_NAME.test(target)) return true;
  const value = expand(step.replacement, match);
  if (value === '') labels.delete(target);
  else labels.set(target, value);
  return true;
}

function mapLabels(labels: Map<string, string>, regex: RegExp, replacement: string): boolean {
  for (const [name, value] of Array.from(labels)) {
    const match = regex.exec(name);
    if (match !== null) labels.set(expand(replacement, match), value);
  }
  return true;
}

function removeLabels(labels: Map<string, string>, removed: (name: string) => boolean): boolean {
  for (const name of Array.from(labels.keys())) if (removed(name)) labels.delete(name);
  return true;
}

/** Go's rule: $name and $1 take the longest name, so $1x is the group "1x", which there is not; ${1}x is group 1 and x. */
function expand(template: string, match: RegExpExecArray): string {
  return template.replaceAll(/\$(?:(\$)|(\w+)|\{(\w+)\})/g, (_, dollar?: string, plain?: string, braced?: string) => {
    if (dollar !== undefined) return '$';
    const name = plain ?? braced ?? '';
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });
}

/** The last eight bytes of the MD5 sum as a number, modulo. */
function hashModulo(text: string, modulus: number): string {
  const sum = createHash('md5').update(text).digest().readBigUInt64BE(8);
  return (sum % BigInt(modulus)).toString();
}
