import { findSignal } from '../signals/catalogue.ts';
import type { SignalPeak } from '../store/queries/signal-peaks.ts';
import type { SignalSeries } from '../store/queries/signal-series.ts';
import type { RuleScope, SignalRange, Term } from './rule.ts';
import { levelOf, type ScopeInstance } from './scope.ts';
import { isReadByHours } from './whole-hours.ts';

/** The largest value of a series over the full hours that every range of `durationMs` up to a minute of the window holds. */
export interface HourPeak extends SignalPeak {
  readonly durationMs: number;
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Values of signals over a span of minutes, as rules ask for them. Only minutes in state `ok` have a value. */
export class SignalWindow {
  /** By signal and instance, then by feature; '' for the model itself. */
  readonly #series = new Map<string, Map<string, Values>>();
  readonly #instances = new Map<string, ScopeInstance[]>();

  /**
   * @param series  Points are [minute in ms, value], in order of time; the parts of one series do not overlap.
   * @param peaks   Hours whose minutes may be absent from `series`, for ranges that ask for the largest value.
   */
  constructor(series: readonly SignalSeries[], peaks: readonly HourPeak[] = []) {
    for (const { points, ...one } of series) {
      const values = this.#valuesOf(one);
      values.points = values.points.length === 0 ? points : inOrder(values.points, points);
    }
    for (const peak of peaks) this.#valuesOf(peak).peaks.push(peak);
  }

  #valuesOf({ signal, model, version, feature, segment, gpu }: Omit<SignalSeries, 'points'>): Values {
    const instance = { model, version, segment, gpu };
    const key = keyOf(signal, instance);
    const byFeature = this.#series.get(key) ?? new Map<string, Values>();
    this.#series.set(key, byFeature);
    const before = byFeature.get(feature);
    if (before !== undefined) return before;
    const values: Values = { points: [], peaks: [] };
    byFeature.set(feature, values);
    const known = this.#instances.get(signal);
    if (known === undefined) this.#instances.set(signal, [instance]);
    else known.push(instance);
    return values;
  }

  /** Returns a function from a minute (epoch ms) to what the term is then, undefined when there is no value. */
  reader(term: Term, scope: RuleScope, instance: ScopeInstance): Reader {
    const byFeature = this.#series.get(keyOf(term.signal, reducedTo(scope, term.signal, instance)));
    const readers = [...(byFeature?.values() ?? [])].map((values) => readerOf(values, term.range));
    const [only] = readers;
    if (only === undefined) return () => undefined;
    if (readers.length === 1) return only;
    const worst = AGGREGATE_OF[term.feature ?? 'max'];
    return (minuteMs) => {
      const values = readers.flatMap((read) => read(minuteMs) ?? []);
      return values.length === 0 ? undefined : worst(values);
    };
  }

  /** Returns the instances of a scope that any of the signals has rows for. */
  instances(scope: RuleScope, signals: readonly string[]): readonly ScopeInstance[] {
    if (scope === 'fleet') return [FLEET];
    const found = new Map<string, ScopeInstance>();
    for (const signal of signals) {
      for (const instance of this.#instances.get(signal) ?? []) {
        if (isOfScope(scope, instance)) found.set(keyOf('', instance), instance);
      }
    }
    return [...found.values()];
  }
}

type Points = readonly (readonly [number, number])[];
interface Values {
  points: Points;
  readonly peaks: HourPeak[];
}
type Reader = (minuteMs: number) => number | undefined;

function inOrder(left: Points, right: Points): Points {
  return [...left, ...right].sort(([one], [other]) => one - other);
}

function readerOf({ points, peaks }: Values, range: SignalRange | undefined): Reader {
  if (range === undefined) {
    return (minuteMs) => {
      const newest = points[countUpTo(points, minuteMs) - 1];
      return newest?.[0] === minuteMs ? newest[1] : undefined;
    };
  }
  const peak = isReadByHours(range) ? peaks.find(({ durationMs }) => durationMs === range.durationMs) : undefined;
  if (peak !== undefined) return peakReader(points, range, peak);
  const { durationMs, aggregate, offsetMs = 0, atLeast = 1 } = range;
  return (minuteMs) => {
    const endMs = minuteMs - offsetMs;
    const inRange = points.slice(countUpTo(points, endMs - durationMs), countUpTo(points, endMs));
    return inRange.length < atLeast ? undefined : AGGREGATE_OF[aggregate](inRange.map(([, value]) => value));
  };
}

/** The minutes before and after the hours of the peak are read one by one. */
function peakReader(points: Points, { durationMs, atLeast = 1 }: SignalRange, peak: HourPeak): Reader {
  const hoursFrom = countUpTo(points, peak.fromMs - 1);
  const hoursTo = countUpTo(points, peak.toMs - 1);
  return (minuteMs) => {
    const begin = countUpTo(points, minuteMs - durationMs);
    const end = countUpTo(points, minuteMs);
    if (peak.minutes + hoursFrom - begin + end - hoursTo < atLeast) return undefined;
    let most = peak.peak;
    for (let at = begin; at < hoursFrom; at += 1) most = Math.max(most, points[at]?.[1] ?? most);
    for (let at = hoursTo; at < end; at += 1) most = Math.max(most, points[at]?.[1] ?? most);
    return most;
  };
}

const FLEET: ScopeInstance = { model: '', version: '', segment: '', gpu: '' };

function keyOf(signal: string, instance: ScopeInstance): string {
  return [signal, instance.model, instance.version, instance.segment, instance.gpu].join('\u0000');
}

function isOfScope(scope: RuleScope, { model, version, segment, gpu }: ScopeInstance): boolean {
  const filled = { version: version !== '', segment: segment !== '', gpu: gpu !== '' };
  const wanted = { version: scope === 'version', segment: scope === 'segment', gpu: scope === 'gpu' };
  const matches = filled.version === wanted.version && filled.segment === wanted.segment && filled.gpu === wanted.gpu;
  return matches && (model !== '' || scope === 'gpu');
}

function reducedTo(scope: RuleScope, signal: string, instance: ScopeInstance): ScopeInstance {
  const level = levelOf(scope, findSignal(signal)?.scope ?? []);
  return level === 'model' ? { ...FLEET, model: instance.model } : instance;
}

/** Returns how many points lie at or before a time. */
function countUpTo(points: readonly (readonly [number, number])[], timeMs: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((points[middle]?.[0] ?? Number.POSITIVE_INFINITY) <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

const AGGREGATE_OF: Readonly<Record<SignalRange['aggregate'], (values: readonly number[]) => number | undefined>> = {
  avg: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  max: (values) => values.reduce((left, right) => Math.max(left, right)),
  min: (values) => values.reduce((left, right) => Math.min(left, right)),
  last: (values) => values.at(-1),
  p95: (values) => quantile(values, 0.95),
  median: (values) => quantile(values, 0.5),
};

/** Linear interpolation between order statistics, as PromQL's quantile_over_time. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const rank = share * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? below;
  return below + (above - below) * (rank - Math.floor(rank));
}
