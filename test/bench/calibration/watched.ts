import { groupBins, sumGroups } from '../../../src/stats/group-bins.ts';
import { ksBinned } from '../../../src/stats/ks-binned.ts';
import { pool } from '../../../src/stats/overdispersion.ts';
import type { VerdictFeature } from '../../../src/stats/verdict.ts';
import { type Change, UNCHANGED } from './population.ts';
import { multinomial, type Uniform } from './random.ts';
import { FINE_CELLS, type Stream } from './stream.ts';

/** A feature with its frozen reference: what the service would hold for it. */
export interface Watched {
  /** Draws the next window and returns it as the product's verdict and the naive rules see it. */
  next(change: Change): Look;
}

/** One window of one feature. */
export type Look = {
  readonly feature: VerdictFeature;
  /** The fixed sample the naive rules compare with, and the window, on the finest cells. */
  readonly naive: {
    readonly kind: 'ordinal' | 'categorical';
    readonly reference: readonly number[];
    readonly current: readonly number[];
    /** Ten quantile bins of the fixed sample, or every category. */
    readonly groups: readonly number[];
  };
};

/** How a reference is taken. */
export type ReferencePlan = {
  /** Rows a window. */
  readonly rows: number;
  /** Reference windows of each comparison. */
  readonly windows: number;
  /** `all`: the windows before; `same-hour`: the same hour of the days before. */
  readonly hours: 'all' | 'same-hour';
};

/** Draws the reference windows of a stream and freezes them. */
export function watch(name: string, stream: Stream, plan: ReferencePlan, uniform: Uniform): Watched {
  const slots = plan.hours === 'same-hour' ? HOURS_PER_DAY : 1;
  const drawn: number[][][] = Array.from({ length: slots }, () => []);
  for (let window = 0; window < plan.windows * slots; window += 1) {
    drawn[window % slots]?.push(stream.next(plan.rows, UNCHANGED));
  }
  const references = drawn.map((windows) => freeze(windows, stream, uniform));
  let hour = 0;
  return {
    next: (change) => {
      const reference = references[hour % slots];
      hour += 1;
      if (reference === undefined) throw new RangeError('A watched feature has no reference.');
      return look(name, stream.kind, reference, stream.next(plan.rows, change));
    },
  };
}

const HOURS_PER_DAY = 24;
const DECILES = 10;
const NAIVE_ROWS = 50_000;

type Frozen = {
  /** The ten bins of each fine cell; the identity for categories. */
  readonly bins: readonly number[];
  readonly windows: readonly (readonly number[])[];
  /** The fine histogram the distance is taken on. */
  readonly fine: readonly number[];
  readonly toFine: readonly number[];
  readonly naive: readonly number[];
  readonly naiveGroups: readonly number[];
};

function freeze(windows: readonly (readonly number[])[], stream: Stream, uniform: Uniform): Frozen {
  const pooled = pool(windows);
  const rows = pooled.reduce((sum, count) => sum + count, 0);
  const naive = multinomial(uniform, Math.min(NAIVE_ROWS, rows), pooled);
  const identity = pooled.map((_, index) => index);
  if (stream.kind === 'categorical') {
    return { bins: identity, windows, fine: pooled, toFine: identity, naive, naiveGroups: identity };
  }
  const toFine = groupBins(pooled, { every: Math.max(1, Math.floor(stream.cells / FINE_CELLS)) });
  const bins = groupBins(pooled, { bins: DECILES });
  return {
    bins,
    windows: windows.map((counts) => sumGroups(bins, counts)),
    fine: sumGroups(toFine, pooled),
    toFine,
    naive,
    naiveGroups: groupBins(naive, { bins: DECILES }),
  };
}

function look(name: string, kind: Stream['kind'], reference: Frozen, counts: readonly number[]): Look {
  const naive = { kind, reference: reference.naive, current: counts, groups: reference.naiveGroups };
  const windows = { windows: reference.windows };
  if (kind === 'categorical') return { feature: { name, kind, reference: windows, current: counts }, naive };
  const distance = ksBinned(reference.fine, sumGroups(reference.toFine, counts)).dLower ?? 0;
  return { feature: { name, kind, reference: windows, current: sumGroups(reference.bins, counts), distance }, naive };
}
