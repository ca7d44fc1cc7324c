import { normalLower, normalQuantile } from '../../../src/stats/special.ts';

/**
 * How the rows of a window differ from those of the reference.
 *
 * `shift` is in standard deviations for numbers (rows per row for categories: the mass moved from the most frequent
 * category to the fourth); `scale` multiplies the deviation from the mean.
 */
export type Change = { readonly shift: number; readonly scale: number };

/** Nothing differs. */
export const UNCHANGED: Change = { shift: 0, scale: 1 };

/** A distribution as the shares of fixed cells. */
export interface Population {
  readonly kind: 'ordinal' | 'categorical';
  readonly cells: number;
  /** True when all cells have the same share without a change. */
  readonly even: boolean;
  /** Returns the share of each cell under a change. */
  shares(change: Change): Float64Array;
}

/** Standard normal, in `cells` equal-mass cells. */
export function normalPopulation(cells: number): Population {
  const edges = quantiles(cells);
  return {
    kind: 'ordinal',
    cells,
    even: true,
    shares: ({ shift, scale }) => differences(edges, (edge) => normalLower((edge - shift) / scale)),
  };
}

/** exp of a standard normal, in `cells` equal-mass cells; changes are in its own standard deviations about its mean. */
export function lognormalPopulation(cells: number): Population {
  const edges = quantiles(cells).map(Math.exp);
  const mean = Math.exp(0.5);
  const sd = Math.sqrt(Math.E * (Math.E - 1));
  return {
    kind: 'ordinal',
    cells,
    even: true,
    shares: ({ shift, scale }) =>
      differences(edges, (edge) => {
        const before = (edge - shift * sd - mean) / scale + mean;
        return before > 0 ? normalLower(Math.log(before)) : 0;
      }),
  };
}

/** Poisson with mean 3; a cell is a value, the last one holds `cells - 1` and above. A shift moves the mean. */
export function poissonPopulation(cells: number): Population {
  return {
    kind: 'ordinal',
    cells,
    even: false,
    shares: ({ shift }) => {
      const mean = 3 + shift * Math.sqrt(3);
      const shares = new Float64Array(cells);
      let probability = Math.exp(-mean);
      let left = 1;
      for (let value = 0; value < cells - 1; value += 1) {
        shares[value] = probability;
        left -= probability;
        probability *= mean / (value + 1);
      }
      shares[cells - 1] = left;
      return shares;
    },
  };
}

/** Categories whose shares fall with 1 / rank. */
export function zipfPopulation(categories: number): Population {
  return {
    kind: 'categorical',
    cells: categories,
    even: false,
    shares: ({ shift }) => {
      const shares = Float64Array.from({ length: categories }, (_, index) => 1 / (index + 1));
      const total = shares.reduce((sum, share) => sum + share, 0);
      return shares.map((share, index) => share / total + moved(index, shift));
    },
  };
}

function moved(index: number, shift: number): number {
  if (index === 0) return -shift;
  return index === 3 ? shift : 0;
}

function quantiles(cells: number): Float64Array {
  return Float64Array.from({ length: cells - 1 }, (_, index) => normalQuantile((index + 1) / cells));
}

function differences(edges: Float64Array, below: (edge: number) => number): Float64Array {
  const shares = new Float64Array(edges.length + 1);
  let previous = 0;
  for (let cell = 0; cell < edges.length; cell += 1) {
    const reached = below(edges[cell] ?? 0);
    shares[cell] = reached - previous;
    previous = reached;
  }
  shares[edges.length] = 1 - previous;
  return shares;
}
