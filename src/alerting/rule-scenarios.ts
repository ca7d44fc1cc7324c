import { findSignal } from '../signals/catalogue.ts';
import type { SignalSeries } from '../store/queries/signal-series.ts';
import { type Compare, comparesOf, type Condition, rightTerm, type Rule } from './rule.ts';
import { isPerFeature, type ScopeInstance } from './scope.ts';

/** Made-up minutes in which a rule must fire, or in which one signal alone keeps it silent. */
export interface RuleScenario {
  readonly name: string;
  /** True when the rule must stay silent in every minute. */
  readonly isSilent: boolean;
  readonly series: readonly SignalSeries[];
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** First minute of the incident. */
  readonly incidentMs: number;
}

const MINUTE_MS = 60_000;

/**
 * Returns minutes for a rule: everything quiet, then every signal as the rule wants it for long enough to fire, then
 * quiet until it has resolved; and for each signal the same minutes in which that one stays quiet.
 */
export function scenariosOf(rule: Rule, options: { readonly model: string; readonly startMs: number }): RuleScenario[] {
  const wanted = wantedBy(rule.when, true);
  const plan = planOf(rule, options.startMs);
  const signals = [...new Set(wanted.map(({ compare }) => compare.signal))];
  const values = new Map(signals.map((signal) => [signal, valuesOf(signal, wanted)]));
  const scenario = (name: string, quiet: string | undefined): RuleScenario => ({
    name,
    isSilent: quiet !== undefined,
    ...plan,
    series: [
      ...signals.flatMap((signal) =>
        seriesOf(rule, { signal, values: values.get(signal), plan, model: options.model, isQuiet: signal === quiet }),
      ),
      ...constantsOf(wanted, signals).map((signal) =>
        made(rule, { signal, model: options.model, plan, valueAt: () => boundDefault(signal) }),
      ),
    ],
  });
  return [
    scenario('every signal is as the rule wants it', undefined),
    ...signals.map((signal) => scenario(`${signal} alone stays quiet`, signal)),
  ];
}

interface Wanted {
  readonly compare: Compare;
  readonly isTrue: boolean;
}

/** Returns one way to make a condition true: which compares must hold and which must not. */
function wantedBy(condition: Condition, isTrue: boolean): readonly Wanted[] {
  if (condition.kind === 'compare') return [{ compare: condition, isTrue }];
  const { kind, of } = condition;
  if (kind === 'none') return wantedBy({ kind: 'any', of }, !isTrue);
  // The first way of several; the signals of the others are absent, which makes their compares false.
  if (kind === 'any' && isTrue) return of.slice(0, 1).flatMap((child) => wantedBy(child, true));
  return of.flatMap((child) => wantedBy(child, isTrue));
}

interface Plan {
  readonly fromMs: number;
  readonly incidentMs: number;
  readonly quietMs: number;
  readonly toMs: number;
}

function planOf(rule: Rule, startMs: number): Plan {
  const ranges = comparesOf(rule.when).flatMap((compare) =>
    [compare.range ?? [], rightTerm(compare)?.range ?? []].flat(),
  );
  const pastMs = Math.max(
    0,
    ...ranges.map(({ durationMs, offsetMs = 0, atLeast, aggregate }) =>
      aggregate === 'max' && atLeast !== undefined ? atLeast * MINUTE_MS : durationMs + offsetMs,
    ),
  );
  const overMs = Math.max(0, ...comparesOf(rule.when).map(({ range }) => range?.durationMs ?? 0));
  const incidentMs = startMs + pastMs + 15 * MINUTE_MS;
  const quietMs = incidentMs + overMs + rule.forMs + 15 * MINUTE_MS;
  return { fromMs: startMs, incidentMs, quietMs, toMs: quietMs + overMs + rule.keepFiringForMs + 15 * MINUTE_MS };
}

/** What a signal is when nothing is wrong and in the incident; undefined: it has no value then. */
interface Values {
  readonly quiet: number | undefined;
  readonly incident: number | undefined;
}

function valuesOf(signal: string, wanted: readonly Wanted[]): Values {
  const mine = wanted.filter(({ compare }) => compare.signal === signal);
  const [first] = mine;
  if (first !== undefined && !first.isTrue) return { quiet: beyond(first.compare), incident: undefined };
  const compares = mine.map(({ compare }) => compare);
  const incident = compares.map(beyond);
  const isAbove = first?.compare.op === 'above';
  return {
    quiet: first === undefined ? undefined : within(first.compare),
    incident: isAbove ? Math.max(...incident) : Math.min(...incident),
  };
}

/** Not round, so that a mean in a summary does not lie between two last digits. */
const ROOM = 1.618;

/** A value for which the compare holds, with room to spare. */
function beyond(compare: Compare): number {
  const limit = limitOf(compare);
  if (compare.op === 'below') return limit > 0 ? limit / 2 : limit - 1;
  if (findSignal(compare.signal)?.bounded === true) return (limit + 1) / 2;
  return limit > 0 ? limit * ROOM : limit + 2;
}

/** A value for which the compare does not hold: on its limit, where it must not hold yet, or as near as sums allow. */
function within(compare: Compare): number {
  if (ownBaseline(compare) !== undefined) return USUAL;
  const limit = limitOf(compare);
  if (compare.range === undefined) return limit;
  return compare.op === 'above' ? Math.min(limit * 0.99, limit) : limit * 1.01;
}

function limitOf(compare: Compare): number {
  const { bound } = compare;
  if (bound.kind === 'number') return bound.value;
  return bound.times * (ownBaseline(compare) === undefined ? boundDefault(bound.signal) : USUAL);
}

const USUAL = 0.8;

function ownBaseline({ signal, bound }: Compare): string | undefined {
  return bound.kind === 'signal' && bound.range !== undefined && bound.signal === signal ? signal : undefined;
}

/** Signals that are only compared with, at a value that stands. */
function constantsOf(wanted: readonly Wanted[], own: readonly string[]): readonly string[] {
  const bounds = wanted.flatMap(({ compare }) => rightTerm(compare)?.signal ?? []);
  return [...new Set(bounds)].filter((signal) => !own.includes(signal));
}

function boundDefault(signal: string): number {
  return findSignal(signal)?.unit === 'seconds' ? 0.2 : 0.5;
}

function seriesOf(
  rule: Rule,
  options: {
    readonly signal: string;
    readonly values: Values | undefined;
    readonly plan: Plan;
    readonly model: string;
    readonly isQuiet: boolean;
  },
): readonly SignalSeries[] {
  const { signal, values, plan, model, isQuiet } = options;
  const valueAt = (atMs: number): number | undefined =>
    isQuiet || atMs < plan.incidentMs || atMs >= plan.quietMs ? values?.quiet : values?.incident;
  const series = made(rule, { signal, model, plan, valueAt });
  if (!isPerFeature(findSignal(signal)?.scope ?? [])) return [series];
  const calm = made(rule, { signal, model, plan, valueAt: () => values?.quiet });
  return [
    { ...calm, feature: 'calm' },
    { ...series, feature: 'moved' },
  ];
}

function made(
  rule: Rule,
  options: {
    readonly signal: string;
    readonly model: string;
    readonly plan: Plan;
    readonly valueAt: (atMs: number) => number | undefined;
  },
): SignalSeries {
  const { signal, plan, valueAt } = options;
  const points: [number, number][] = [];
  for (let atMs = plan.fromMs; atMs < plan.toMs; atMs += MINUTE_MS) {
    const value = valueAt(atMs);
    if (value !== undefined) points.push([atMs, value]);
  }
  return { signal, feature: '', ...instanceOf(rule, signal, options.model), points };
}

function instanceOf(rule: Rule, signal: string, model: string): ScopeInstance {
  const levels: readonly string[] = findSignal(signal)?.scope ?? [];
  const at = (level: string, value: string): string => (rule.scope === level && levels.includes(level) ? value : '');
  return {
    model: rule.scope === 'fleet' ? '' : model,
    version: at('version', '2'),
    segment: at('segment', 'region=eu'),
    gpu: at('gpu', 'GPU-1'),
  };
}
