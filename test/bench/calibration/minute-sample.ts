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
  const drawn = new Float64Array(HOURS_PER_WEEK * perHour);
  const windows = Array.from({ length: HOURS_PER_WEEK }, (_, hour) => {
    const window = drawn.subarray(hour * perHour, (hour + 1) * perHour);
    fill(window, feature.at(uniform, hour * 60 + Math.floor(60 * uniform())), uniform);
    return window.subarray(0, dropMissing(window));
  });
  const all = joined(windows).sort();
  const numeric = feature.kind === 'numeric';
  const edges = Float64Array.from({ length: 9 }, (_, j) => at(all, (j + 1) / 10));
  const shares = windows
    .filter((values) => values.length >= MIN_WINDOW_ROWS)
    .map((values) => ({ of: values.length, parts: numeric ? tenths(values, edges) : frequencies(values) }));
  const worst = (count: (parts: Int32Array) => number): number =>
    shares.reduce((most, { of, parts }) => Math.max(most, count(parts) / of), 0);
  const part = (parts: Int32Array, index: number): number => parts[index] ?? 0;
  return {
    n: all.length,
    worstMissingShare: windows.reduce((most, values) => Math.max(most, 1 - values.length / perHour), 0),
    topShare: Math.max(
      longestRun(all) / all.length,
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
  const drawn = new Float64Array(rows);
  fill(drawn.subarray(0, half), feature.at(uniform, minute), uniform);
  fill(drawn.subarray(half), feature.at(uniform, minute + 1), uniform);
  if (change !== undefined) {
    for (let row = rows - Math.round(rows * broken); row < rows; row += 1) drawn[row] = change(drawn[row] ?? 0);
  }
  const values = drawn.subarray(0, dropMissing(drawn));
  const numeric = feature.kind === 'numeric';
  if (numeric) values.sort();
  return {
    rows,
    n: values.length,
    distinct: values.length === 0 ? 0 : isConstant(values) ? 1 : 2,
    quartiles: numeric && values.length > 0 ? [at(values, 0.25), at(values, 0.5), at(values, 0.75)] : [],
    outside: numeric ? outsideRange(values, frozen) : unseen(values, frozen),
    examples: [],
  };
}

const HOURS_PER_WEEK = 168;
const MIN_WINDOW_ROWS = 50;
const MAX_WINDOW_ROWS = 300;
/** Records of one client come together and share a value. */
const REPEATED = 0.3;

function fill(values: Float64Array, draw: () => number, uniform: Uniform): void {
  let last = draw();
  for (let row = 0; row < values.length; row += 1) {
    if (uniform() >= REPEATED) last = draw();
    values[row] = last;
  }
}

// Moves the values to the front and returns how many there are.
function dropMissing(values: Float64Array): number {
  let kept = 0;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? Number.NaN;
    values[kept] = value;
    if (!Number.isNaN(value)) kept += 1;
  }
  return kept;
}

function joined(windows: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(windows.reduce((length, values) => length + values.length, 0));
  let from = 0;
  for (const values of windows) {
    all.set(values, from);
    from += values.length;
  }
  return all;
}

function at(sorted: Float64Array, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
}

function isConstant(values: Float64Array): boolean {
  for (let row = 1; row < values.length; row += 1) if (values[row] !== values[0]) return false;
  return true;
}

function outsideRange(sorted: Float64Array, { low, high }: FrozenMinute): number {
  let first = 0;
  while (first < sorted.length && (sorted[first] ?? low) < low) first += 1;
  let end = sorted.length;
  while (end > first && (sorted[end - 1] ?? high) > high) end -= 1;
  return first + sorted.length - end;
}

function unseen(values: Float64Array, { vocabulary }: FrozenMinute): number {
  let outside = 0;
  for (let row = 0; row < values.length; row += 1) if (!vocabulary.has(values[row] ?? 0)) outside += 1;
  return outside;
}

function tenths(values: Float64Array, edges: Float64Array): Int32Array {
  const counts = new Int32Array(edges.length + 1);
  for (const value of values) {
    let bin = 0;
    while (bin < edges.length && value > (edges[bin] ?? value)) bin += 1;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

// Categories are numbered from 0.
function frequencies(values: Float64Array): Int32Array {
  const counts = new Int32Array(values.reduce((most, value) => Math.max(most, value), 0) + 1);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function longestRun(sorted: Float64Array): number {
  let longest = 0;
  let start = 0;
  for (let index = 1; index <= sorted.length; index += 1) {
    if (index < sorted.length && sorted[index] === sorted[start]) continue;
    longest = Math.max(longest, index - start);
    start = index;
  }
  return longest;
}
