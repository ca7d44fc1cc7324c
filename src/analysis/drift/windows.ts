/** Length of a tumbling window; `all` takes every row of the current side. */
export const WINDOW_UNITS = ['all', 'hour', 'day', 'week', 'month'] as const;

export type WindowUnit = (typeof WINDOW_UNITS)[number];

/** A window of rows; times are epoch milliseconds, null where the rows carry none. */
export interface Window {
  /** Key of the window in the wide table: its start in whole hours since 1970. */
  readonly key: number;
  readonly label: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** Key of rows without time, and of every row when the unit is `all`. */
export const NO_TIME = 0;

/** Returns the ClickHouse expression of a row's window key (Int32): the window's start in hours since 1970. */
export function windowKeySql(unit: WindowUnit, ts: string): string {
  if (unit === 'all') return `toInt32(${NO_TIME})`;
  const start = `toDateTime64(${START[unit]}(${ts}${unit === 'week' ? ', 1' : ''}), 3, 'UTC')`;
  return `ifNull(toInt32(intDiv(toUnixTimestamp64Milli(${start}), ${MS_PER_HOUR})), toInt32(${NO_TIME}))`;
}

/** Returns the window that starts at `key`. */
export function windowAt(unit: Exclude<WindowUnit, 'all'>, key: number): Window {
  const fromMs = key * MS_PER_HOUR;
  return { key, label: labelOf(unit, fromMs), fromMs, toMs: endOf(unit, fromMs) };
}

/** Returns the hours a window has; a month counts 720. */
export function windowHours(unit: Exclude<WindowUnit, 'all'>): number {
  return HOURS[unit];
}

/**
 * Chooses the length of the reference's own windows, which show how much windows vary when nothing drifts.
 *
 * The current windows' own length where the reference has three of them, else the next shorter that gives three; for
 * one window over everything the longest that gives 7, else 3: long windows, because small ones say little about large.
 *
 * @returns  `all` when the reference has no time or too little of it
 */
export function referenceUnit(
  unit: WindowUnit,
  reference: { readonly firstMs: number | null; readonly lastMs: number | null },
): WindowUnit {
  if (reference.firstMs === null || reference.lastMs === null) return 'all';
  const hours = (reference.lastMs - reference.firstMs) / MS_PER_HOUR;
  const units = LONGEST_FIRST.filter((candidate) => unit === 'all' || HOURS[candidate] <= HOURS[unit]);
  const enough = (count: number): WindowUnit | undefined =>
    units.find((candidate) => hours / HOURS[candidate] >= count);
  return (unit === 'all' ? enough(COMFORTABLE_WINDOWS) : undefined) ?? enough(MIN_WINDOWS - 0.2) ?? 'all';
}

/**
 * Assigns the reference's windows to groups of comparable size: one with less than a quarter of the median rows (the
 * cut ends of the period) joins its neighbour.
 *
 * @param windows  In time order.
 * @returns        Group of each window key, counted from 0.
 */
export function groupWindows(
  windows: readonly { readonly key: number; readonly rows: number }[],
): ReadonlyMap<number, number> {
  const sizes = windows.map((window) => window.rows).sort((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  const groups = new Map<number, number>();
  let group = -1;
  let pending = 0;
  for (const { key, rows } of windows) {
    const starts = group < 0 || (rows >= median * SMALL && pending >= median * SMALL);
    if (starts) {
      group += 1;
      pending = 0;
    }
    pending += rows;
    groups.set(key, group);
  }
  return groups;
}

const MS_PER_HOUR = 3_600_000;
const COMFORTABLE_WINDOWS = 7;
const MIN_WINDOWS = 3;
const SMALL = 0.25;
const HOURS = { hour: 1, day: 24, week: 168, month: 720 } as const;
const LONGEST_FIRST = ['month', 'week', 'day', 'hour'] as const;
const START = { hour: 'toStartOfHour', day: 'toStartOfDay', week: 'toStartOfWeek', month: 'toStartOfMonth' } as const;

function endOf(unit: Exclude<WindowUnit, 'all'>, fromMs: number): number {
  if (unit !== 'month') return fromMs + HOURS[unit] * MS_PER_HOUR;
  const start = new Date(fromMs);
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
}

function labelOf(unit: Exclude<WindowUnit, 'all'>, fromMs: number): string {
  const text = new Date(fromMs).toISOString();
  if (unit === 'hour') return text.slice(0, 13);
  if (unit === 'day') return text.slice(0, 10);
  return unit === 'month' ? text.slice(0, 7) : isoWeek(fromMs);
}

// The ISO year and week are those of the week's Thursday.
function isoWeek(mondayMs: number): string {
  const thursday = mondayMs + 3 * 24 * MS_PER_HOUR;
  const year = new Date(thursday).getUTCFullYear();
  const week = 1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * 24 * MS_PER_HOUR));
  return `${year}-W${String(week).padStart(2, '0')}`;
}
