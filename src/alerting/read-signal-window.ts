import { findSignal } from '../signals/catalogue.ts';
import type { SignalReader } from './alert-store.ts';
import { comparesOf, leftTerm, rightTerm, type Rule, type Term, termsOf } from './rule.ts';
import { isPerFeature, levelOf } from './scope.ts';
import { type HourPeak, SignalWindow } from './signal-window.ts';
import { wholeHoursOf } from './whole-hours.ts';

/**
 * Reads what rules need to be decided in the minutes from `fromMs` (inclusive) to `toMs` (exclusive): of each signal
 * those minutes, the ranges that rules look back over, and the hours of the past that they compare with. Nothing else:
 * a baseline of a week ago does not read the week, and the largest value of a week is read from the sums of its hours.
 */
export async function readSignalWindow(options: {
  readonly rules: readonly Rule[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly store: SignalReader;
}): Promise<SignalWindow> {
  const { rules, fromMs, toMs, store } = options;
  const levels = [...new Set(rules.flatMap((rule) => termsOf(rule).map(({ signal }) => readLevel(rule, signal))))];
  const [parts, peaks] = await Promise.all([
    Promise.all(plannedReads(rules, { fromMs, toMs }).map((part) => store.readSeries({ ...part, levels }))),
    Promise.all(plannedPeaks(rules, { fromMs, toMs }).map((part) => peaksOf(store, { ...part, levels }))),
  ]);
  return new SignalWindow(parts.flat(), peaks.flat());
}

async function peaksOf(
  store: SignalReader,
  { durationMs, ...read }: PlannedPeaks & { readonly levels: readonly string[] },
): Promise<readonly HourPeak[]> {
  const { fromMs, toMs } = read;
  const rows = await store.readPeaks(read);
  return rows.map((row) => ({ ...row, durationMs, fromMs, toMs }));
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

interface PlannedPeaks extends Span {
  readonly signals: readonly string[];
  /** Of the ranges that begin before these hours and end after them. */
  readonly durationMs: number;
}

/** Returns the full hours of which only the largest values are read. */
export function plannedPeaks(rules: readonly Rule[], minutes: Span): readonly PlannedPeaks[] {
  const reads = new Map<number, PlannedPeaks>();
  for (const { signal, range } of rules.flatMap(allTerms)) {
    const hours = wholeHoursOf(range, minutes);
    if (range === undefined || hours === undefined) continue;
    const signals = reads.get(range.durationMs)?.signals ?? [];
    reads.set(range.durationMs, {
      ...hours,
      durationMs: range.durationMs,
      signals: [...new Set([...signals, signal])],
    });
  }
  return [...reads.values()];
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
    const toMs = Math.max(fromMs, minutes.toMs - offsetMs);
    const known = spans.get(signal) ?? [];
    const hours = wholeHoursOf(range, minutes);
    const own =
      hours === undefined
        ? [{ fromMs, toMs }]
        : [
            { fromMs, toMs: hours.fromMs },
            { fromMs: hours.toMs, toMs },
          ];
    spans.set(signal, [...known, ...own]);
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
