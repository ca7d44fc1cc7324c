import { z } from 'zod';
import type { SilenceRow } from '../store/queries/silences.ts';
import type { TrackedAlert } from './evaluate-range.ts';

/** One condition of a silence, in the form of Alertmanager. */
export const matcherSchema = z
  .strictObject({
    name: z.string().min(1).max(128).describe('alert, model, version, segment, gpu, severity, scope, or a label.'),
    value: z.string().max(256),
    isRegex: z.boolean().default(false).describe('The value is a regular expression for the whole text.'),
    isEqual: z.boolean().default(true).describe('False: the alert must not match.'),
  })
  .refine(({ value, isRegex }) => !isRegex || patternOf(value) !== undefined, {
    path: ['value'],
    error: 'must be a regular expression',
  });

export type Matcher = z.infer<typeof matcherSchema>;

/** A time in which alerts that match are told to nobody. Times in epoch ms. */
export interface Silence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly comment: string;
  readonly createdBy: string;
  readonly startsMs: number;
  readonly endsMs: number;
}

/** Returns whether a silence holds for an alert at a time (epoch ms): every matcher must agree. */
export function isSilenced(silence: Silence, alert: TrackedAlert, atMs: number): boolean {
  if (atMs < silence.startsMs || atMs >= silence.endsMs) return false;
  const { instance, labels, severity, scopeKey } = alert;
  const known: Readonly<Record<string, string>> = {
    ...labels,
    ...instance,
    alert: alert.alert,
    alertname: alert.alert,
    severity,
    scope: scopeKey,
  };
  return silence.matchers.every((matcher) => {
    const text = known[matcher.name] ?? '';
    const matches = matcher.isRegex ? patternOf(matcher.value)?.test(text) === true : text === matcher.value;
    return matches === matcher.isEqual;
  });
}

/** Returns the silence that a stored row describes, or undefined when nobody can read it. */
export function silenceFromRow(row: SilenceRow): Silence | undefined {
  const matchers = z.array(matcherSchema).min(1).safeParse(parseJson(row.matchers));
  if (!matchers.success) return undefined;
  const { id, comment, createdBy, startsMs, endsMs } = row;
  return { id, matchers: matchers.data, comment, createdBy, startsMs, endsMs };
}

function patternOf(text: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch {
    // What is no pattern is told to whoever wrote it by the schema.
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The same to the caller as JSON of another shape.
    return undefined;
  }
}
