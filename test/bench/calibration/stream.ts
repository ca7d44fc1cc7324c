import { normalQuantile } from '../../../src/stats/special.ts';
import { type Change, normalPopulation, type Population, UNCHANGED } from './population.ts';
import { createNormal, evenCounts, multinomial, type Uniform } from './random.ts';

/** One feature in production: each call is the histogram of its next window. */
export interface Stream {
  readonly kind: 'ordinal' | 'categorical';
  readonly cells: number;
  next(rows: number, change: Change): number[];
}

/** Makes a stream from random numbers. */
export type StreamFactory = (uniform: Uniform) => Stream;

/** Rows drawn independently from one distribution. */
export function independentRows(population: Population): StreamFactory {
  return (uniform) => {
    let change = UNCHANGED;
    let shares = population.shares(change);
    return {
      kind: population.kind,
      cells: population.cells,
      next: (rows, wanted) => {
        if (population.even && wanted === UNCHANGED) return evenCounts(uniform, rows, population.cells);
        if (wanted.shift !== change.shift || wanted.scale !== change.scale) {
          change = wanted;
          shares = population.shares(wanted);
        }
        return multinomial(uniform, rows, shares);
      },
    };
  };
}

/** Rows that are independent within a window around a mean of the window's own. */
export function movingMean(path: (uniform: Uniform) => () => number): StreamFactory {
  const population = normalPopulation(FINE_CELLS);
  return (uniform) => {
    const nextMean = path(uniform);
    return {
      kind: 'ordinal',
      cells: FINE_CELLS,
      next: (rows, { shift, scale }) =>
        multinomial(uniform, rows, population.shares({ shift: shift + nextMean(), scale })),
    };
  };
}

/** Means of windows drawn independently, with standard deviation `sd`. */
export function jitter(sd: number): (uniform: Uniform) => () => number {
  return (uniform) => {
    const normal = createNormal(uniform);
    return () => sd * normal();
  };
}

/** Means that wander: an AR(1) process of the windows with lag-1 correlation `rho` and standard deviation `sd`. */
export function wander(rho: number, sd: number): (uniform: Uniform) => () => number {
  return (uniform) => {
    const normal = createNormal(uniform);
    let mean = sd * normal();
    return () => {
      mean = rho * mean + Math.sqrt(1 - rho * rho) * sd * normal();
      return mean;
    };
  };
}

/** Means that swing with the hour of the day; the first window is hour 0. */
export function diurnal(amplitude: number): () => () => number {
  return () => {
    let hour = -1;
    return () => {
      hour = (hour + 1) % HOURS_PER_DAY;
      return amplitude * Math.sin((2 * Math.PI * hour) / HOURS_PER_DAY);
    };
  };
}

/** Rows that depend on the row before: a stationary AR(1) process with variance 1, drawn row by row. */
export function dependentRows(rho: number): StreamFactory {
  const edges = Float64Array.from({ length: FINE_CELLS - 1 }, (_, index) => normalQuantile((index + 1) / FINE_CELLS));
  const guide = Int32Array.from({ length: 2 * GUIDE_RANGE * GUIDE_STEPS }, (_, step) => {
    const found = edges.findIndex((edge) => edge >= step / GUIDE_STEPS - GUIDE_RANGE);
    return found === -1 ? edges.length : found;
  });
  const noise = Math.sqrt(1 - rho * rho);
  return (uniform) => {
    const normal = createNormal(uniform);
    let value = normal();
    return {
      kind: 'ordinal',
      cells: FINE_CELLS,
      next: (rows, { shift, scale }) => {
        const counts = Array<number>(FINE_CELLS).fill(0);
        for (let row = 0; row < rows; row += 1) {
          value = rho * value + noise * normal();
          const cell = cellOf(shift + scale * value, edges, guide);
          counts[cell] = (counts[cell] ?? 0) + 1;
        }
        return counts;
      },
    };
  };
}

/** Cells of a number: the fine histogram that is kept with a reference. */
export const FINE_CELLS = 100;

const HOURS_PER_DAY = 24;
const GUIDE_RANGE = 4;
const GUIDE_STEPS = 64;

// The guide knows the first edge at or above a step, so that almost no edge needs to be compared.
function cellOf(value: number, edges: Float64Array, guide: Int32Array): number {
  const step = Math.floor((value + GUIDE_RANGE) * GUIDE_STEPS);
  if (step < 0) return 0;
  let cell = step >= guide.length ? edges.length : (guide[step] ?? 0);
  while (cell < edges.length && (edges[cell] ?? 0) < value) cell += 1;
  return cell;
}
