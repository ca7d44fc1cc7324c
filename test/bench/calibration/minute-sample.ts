import type { MinuteCurrent, MinuteReference } from '../../../src/stats/minute-incident.ts';
import type { MinuteFeature } from './minute-features.ts';
import type { Uniform } from './random.ts';

/** What the service would know of a feature's reference, and which values it has had. */
export type FrozenMinute = MinuteReference & {
  readonly low: number;
  readonly high: number;
  readonly vocabulary: ReadonlySet<number>;
};

/** Draws a week of hourly windows, as `reference_facts` of the store sums them up; 'rows' are those of two minutes. */
export function reference(feature: MinuteFeature, rows: number, uniform: Uniform): FrozenMinute {
  const perHour = Math.min(MAX_WINDOW_ROWS, rows * 30);
  const windows = Array.from({ length: HOURS_PER_WEEK }, (_, hour) => {
    const minute = hour * 60 + Math.floor(60 * uniform());
    return valuesOf(feature, { minute, rows: perHour, uniform });
  });
  const given = windows.map((values) => values.filter((value) => !Number.isNaN(value)));
  const all = Float64Array.from(given.flat()).sort();
  const edges = Array.from({ length: 9 }, (_, j) => at(all, (j + 1) / 10));
  const numeric = feature.kind === 'numeric';
  const shares = given
    .filter((values) => values.length >= MIN_WINDOW_ROWS)
    .map((values) => {
      const parts = numeric ? tenths(values, edges) : frequencies(values);
      return parts.map((count) => count / values.length);
    });
  const worst = (of: (parts: readonly number[]) => number): number => Math.max(0, ...shares.map(of));
  const part = (parts: readonly number[], index: number): number => parts[index] ?? 0;
  return {
    n: all.length,
    worstMissingShare: Math.max(...given.map((values) => 1 - values.length / perHour)),
    topShare: Math.max(
      Math.max(...frequencies([...all])) / all.length,
      worst((parts) => Math.max(...parts)),
    ),
    quartiles: numeric ? [0.25, 0.5, 0.75].map((p) => at(all, p)) : [],
    worstLowShare: numeric ? worst((parts) => part(parts, 0) + part(parts, 1) + part(parts, 2) / 2) : 0,
    worstHighShare: numeric ? worst((parts) => part(parts, 7) / 2 + part(parts, 8) + part(parts, 9)) : 0,
    worstOutsideShare: 0,
    low: all[0] ?? 0,
    high: all.at(-1) ?? 0,
    vocabulary: numeric ? new Set() : new Set(all),
  };
}

/** Draws the records of two minutes, as `minute_facts` of the store sums them up. */
export function look(
  feature: MinuteFeature,
  job: {
    readonly minute: number;
    readonly rows: number;
    readonly frozen: FrozenMinute;
    readonly uniform: Uniform;
    /** What a fault makes of a value, and the share of the rows that have it. */
    readonly change?: (value: number) => number;
    readonly broken?: number;
  },
): MinuteCurrent {
  const { minute, rows, frozen, uniform, change, broken = 0 } = job;
  const half = Math.floor(rows / 2);
  const drawn = [
    ...valuesOf(feature, { minute, rows: half, uniform }),
    ...valuesOf(feature, { minute: minute + 1, rows: rows - half, uniform }),
  ];
  const healthy = rows - Math.round(rows * broken);
  const values = drawn
    .map((value, index) => (change === undefined || index < healthy ? value : change(value)))
    .filter((value) => !Number.isNaN(value));
  const sorted = Float64Array.from(values).sort();
  const numeric = feature.kind === 'numeric';
  const outside = numeric
    ? (value: number): boolean => value < frozen.low || value > frozen.high
    : (value: number): boolean => !frozen.vocabulary.has(value);
  return {
    rows,
    n: values.length,
    distinct: sorted.length === 0 ? 0 : sorted[0] === sorted.at(-1) ? 1 : 2,
    quartiles: numeric && sorted.length > 0 ? [0.25, 0.5, 0.75].map((p) => at(sorted, p)) : [],
    outside: values.filter(outside).length,
    examples: [],
  };
}

const HOURS_PER_WEEK = 168;
const MIN_WINDOW_ROWS = 50;
const MAX_WINDOW_ROWS = 300;
/** Records of one client come together and share a value. */
const REPEATED = 0.3;

function valuesOf(
  feature: MinuteFeature,
  { minute, rows, uniform }: { readonly minute: number; readonly rows: number; readonly uniform: Uniform },
): readonly number[] {
  const draw = feature.at(uniform, minute);
  let last = draw();
  return Array.from({ length: rows }, () => {
    if (uniform() >= REPEATED) last = draw();
    return last;
  });
}

function at(sorted: Float64Array, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
}

function tenths(values: readonly number[], edges: readonly number[]): readonly number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const value of values) {
    let bin = 0;
    while (bin < edges.length && value > (edges[bin] ?? value)) bin += 1;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

function frequencies(values: readonly number[]): readonly number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()];
}
