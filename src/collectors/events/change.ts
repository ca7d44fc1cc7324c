import type { EventKind } from './config.ts';

/** What names the changed thing where it was changed; matched with `models[].deploys`. */
export interface Subject {
  readonly argo_application?: string | undefined;
  readonly argo_rollout?: string | undefined;
  readonly github_repository?: string | undefined;
  readonly github_environment?: string | undefined;
  readonly mlflow_model?: string | undefined;
}

/** A change as a webhook told it, before it is known which models it concerns. */
export interface Change {
  /** Milliseconds since 1970; undefined when the sender gives no time. */
  readonly ts: number | undefined;
  readonly kind: EventKind;
  readonly title: string;
  readonly version: string | undefined;
  readonly url: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** The model, where the sender says it itself. */
  readonly model: string | undefined;
  readonly subject: Subject;
}

/** What a webhook's body means: a change, something that is no change, or nothing that can be understood. */
export type Reading =
  | { readonly is: 'change'; readonly change: Change }
  | { readonly is: 'ignored'; readonly reason: string }
  | { readonly is: 'unreadable'; readonly field: string; readonly reason: string };

/** Returns that a body is understood and no change. */
export function ignored(reason: string): Reading {
  return { is: 'ignored', reason };
}

/** Returns the epoch milliseconds of an RFC 3339 text or of a number of milliseconds; undefined for anything else. */
export function momentOf(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) && ms > 0 ? Math.trunc(ms) : undefined;
}

/** Returns the labels that have a value, values cut to 256 bytes. */
export function labelsFrom(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values)
      .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
      .map(([name, value]) => [name, cut(value, 256)]),
  );
}

/** Returns the beginning of a text that fits into so many bytes of UTF-8. */
export function cut(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  return whole.length <= bytes
    ? text
    : whole
        .subarray(0, bytes)
        .toString('utf8')
        .replace(/\uFFFD+$/, '');
}
