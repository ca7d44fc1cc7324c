import { StatsError } from '../core/errors.ts';

/** A distance between two aligned histograms, computed here and by ClickHouse with the same value. */
export interface DriftStatistic {
  /** snake_case; key in JSON, label value, column value. */
  readonly id: string;
  readonly title: string;
  readonly appliesTo: readonly ('numeric' | 'categorical')[];
  /** Which side of a threshold means drift; a distance drifts above it. */
  readonly driftWhen: 'above' | 'below';
  /** True when swapping the sides leaves the value unchanged. */
  readonly symmetric: boolean;
  /** Where the formula and the default threshold come from. */
  readonly source: string;
  /**
   * Computes the distance of two histograms with the same bins.
   *
   * @param edges  The B + 1 finite bin edges; only distances in units of x use them, and take bins of width 1 without.
   * @throws E_STATS_SHAPE when lengths differ; E_STATS_EMPTY when a side has no rows.
   */
  compute(reference: readonly number[], current: readonly number[], edges?: readonly number[]): number;
  /** Returns the ClickHouse expression of the same value over array expressions; NaN when a side has no rows. */
  sql(reference: string, current: string, edges?: string): string;
}

/** Two aligned histograms with their totals; `null` when a side has no rows. */
export type Sides = {
  readonly r: readonly number[];
  readonly c: readonly number[];
  /** Total of the reference. */
  readonly m: number;
  /** Total of the current side. */
  readonly n: number;
};

/**
 * Returns both sides with their totals, or undefined when one is empty.
 *
 * @throws E_STATS_SHAPE  when the lengths differ.
 */
export function toSides(reference: readonly number[], current: readonly number[]): Sides | undefined {
  if (reference.length !== current.length) {
    throw new StatsError(
      'E_STATS_SHAPE',
      `The sides have ${reference.length} and ${current.length} bins; they must be counted with the same edges.`,
    );
  }
  const m = total(reference);
  const n = total(current);
  return m > 0 && n > 0 ? { r: reference, c: current, m, n } : undefined;
}

/** Returns the value of a statistic that needs rows on both sides; throws E_STATS_EMPTY for null. */
export function requireRows(value: number | null): number {
  if (value === null) throw new StatsError('E_STATS_EMPTY', 'A side has no rows, so there is no distance.');
  return value;
}

/**
 * Returns a ClickHouse expression that sees the sides as arrays `r` and `c` and their totals as `m` and `n`.
 *
 * @param body     Expression over r, c, m, n and the names in `locals`.
 * @param locals   Further names with their expressions over r, c, m, n; each is evaluated once.
 */
export function sidesSql(
  reference: string,
  current: string,
  body: string,
  locals: Readonly<Record<string, string>> = {},
): string {
  const names = Object.keys(locals);
  const inner =
    names.length === 0
      ? body
      : `arrayMap((${names.join(', ')}) -> ${body}, ${Object.values(locals)
          .map((expression) => `[${expression}]`)
          .join(', ')})[1]`;
  const guarded = `if(m > 0 AND n > 0, ${inner}, nan)`;
  const totals = `arrayMap((m, n) -> ${guarded}, [arraySum(r)], [arraySum(c)])[1]`;
  return `arrayMap((r, c) -> ${totals}, [${floats(reference)}], [${floats(current)}])[1]`;
}

function floats(array: string): string {
  return `arrayMap(x -> toFloat64(x), ${array})`;
}

function total(counts: readonly number[]): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
