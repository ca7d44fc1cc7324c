import { findSignal } from '../signals/catalogue.ts';
import type { AlertStore } from './alert-store.ts';
import { comparesOf, leftTerm, rightTerm, type Rule, type Term, termsOf } from './rule.ts';
import { isPerFeature, levelOf } from './scope.ts';
import { SignalWindow } from './signal-window.ts';

/**
 * Reads what rules need to be decided in the minutes from `fromMs` (inclusive) to `toMs` (exclusive): of each signal
 * those minutes, the ranges that rules look back over, and the hours of the past that they compare with. Nothing else:
 * a baseline of a week ago does not read the week.
 */
export async function readSignalWindow(options: {
  readonly rules: readonly Rule[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly read: AlertStore['readSeries'];
}): Promise<SignalWindow> {
  const { rules, fromMs, toMs, read } = options;
  const levels = new Set(rules.flatMap((rule) => termsOf(rule).map(({ signal }) => readLevel(rule, signal))));
  const parts = await Promise.all(
    plannedReads(rules, { fromMs, toMs }).map((part) => read({ ...part, levels: [...levels] })),
  );
  return new SignalWindow(parts.flat());
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Returns the spans to read with the signals of each, so that every minute of a signal is read once. */
export function plannedReads(
  rules: readonly Rule[],
  minutes: Span,
): readonly (Span & { readonly signals: readonly string[] })[] {
  const spans = new Map<string, Span[]>();
  for (const { signal, range } of rules.flatMap(allTerms)) {
    const offsetMs = range?.offsetMs ?? 0;
    const fromMs = Math.max(0, minutes.fromMs - offsetMs - (range?.durationMs ?? 0));
    const known = spans.get(signal) ?? [];
    spans.set(signal, [...known, { fromMs, toMs: Math.max(fromMs, minutes.toMs - offsetMs) }]);
  }
  const reads = new Map<string, Span & { readonly signals: string[] }>();
  for (const [signal, list] of spans) {
    for (const span of merged(list)) {
      const key = `${span.fromMs} ${span.toMs}`;
      const known = reads.get(key);
      if (known === undefined) reads.set(key, { ...span, signals: [signal] });
      else known.signals.push(signal);
    }
  }
  return [...reads.values()];
}

function allTerms(rule: Rule): readonly Term[] {
  const compared = comparesOf(rule.when).flatMap((compare) => [leftTerm(compare), rightTerm(compare) ?? []].flat());
  return [...compared, ...termsOf(rule)];
}

function merged(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = [];
  for (const span of [...spans].sort((left, right) => left.fromMs - right.fromMs)) {
    const last = result.at(-1);
    if (last === undefined || span.fromMs > last.toMs) result.push(span);
    else result[result.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
  }
  return result;
}

function readLevel(rule: Rule, signal: string): string {
  const levels = findSignal(signal)?.scope ?? [];
  return isPerFeature(levels) ? 'feature' : levelOf(rule.scope, levels);
}
