import { normalQuantile } from '../../../src/stats/special.ts';
import type { Uniform } from './random.ts';

/** Values of one feature: first the state of a minute, then one value after the other; NaN is a missing one. */
export type MinuteFeature = {
  readonly name: string;
  readonly kind: 'numeric' | 'categorical';
  /** @param minute  Minutes since a Monday at midnight. */
  readonly at: (uniform: Uniform, minute: number) => () => number;
};

/** Features that do not drift, among them those that look broken to a naive rule: calendars, seasons, rare values. */
export const CALM_FEATURES: readonly MinuteFeature[] = [
  ...repeat(
    12,
    numeric('normal', (uniform) => () => normal(uniform)),
  ),
  ...repeat(
    6,
    numeric('lognormal', (uniform) => () => Math.exp(normal(uniform))),
  ),
  ...repeat(
    4,
    numeric('count', (uniform) => () => poisson(uniform)),
  ),
  ...repeat(
    4,
    categorical('20 categories', (uniform) => () => Math.floor(20 * square(uniform()))),
  ),
  ...repeat(
    4,
    categorical('200 categories', (uniform) => () => Math.floor(200 * square(square(uniform())))),
  ),
  ...repeat(
    3,
    numeric('flag, one in 100', (uniform) => () => (uniform() < 0.01 ? 1 : 0)),
  ),
  ...repeat(
    3,
    numeric('nine in ten are zero', (uniform) => () => (uniform() < 0.9 ? 0 : uniform())),
  ),
  ...repeat(
    3,
    numeric('half missing', (uniform) => () => (uniform() < 0.5 ? Number.NaN : uniform())),
  ),
  ...repeat(3, numeric('up to 60 % missing by the hour', moodyMissing)),
  numeric('hour of the day', (_, minute) => () => Math.floor(minute / 60) % 24),
  numeric('day of the week', (_, minute) => () => Math.floor(minute / MINUTES_PER_DAY) % 7),
  numeric('weekend', (_, minute) => () => (isWeekend(minute) ? 1 : 0)),
  categorical('name of the day', (_, minute) => () => Math.floor(minute / MINUTES_PER_DAY) % 7),
  numeric('a price that holds for a day', (_, minute) => () => 100 + (Math.floor(minute / MINUTES_PER_DAY) % 7) ** 1.5),
  numeric(
    'no season',
    seasonal(() => 1),
  ),
  numeric(
    'a third on weekends',
    seasonal((minute) => (isWeekend(minute) ? 1 / 2.54 : 1)),
  ),
  numeric(
    'tenfold by day',
    seasonal((minute) => (Math.floor(minute / 60) % 24 >= 8 ? 10 : 1)),
  ),
  numeric(
    'tenfold for two hours',
    seasonal((minute) => (Math.floor(minute / 60) % 24 < 2 ? 10 : 1)),
  ),
];

/** Minutes after which the seasons begin anew. */
export const MINUTES_PER_WEEK = 10_080;
const MINUTES_PER_DAY = 1440;

function numeric(name: string, at: MinuteFeature['at']): MinuteFeature {
  return { name, kind: 'numeric', at };
}

function categorical(name: string, at: MinuteFeature['at']): MinuteFeature {
  return { name, kind: 'categorical', at };
}

function repeat(times: number, feature: MinuteFeature): readonly MinuteFeature[] {
  return Array.from({ length: times }, () => feature);
}

function isWeekend(minute: number): boolean {
  return Math.floor(minute / MINUTES_PER_DAY) % 7 >= 5;
}

function square(value: number): number {
  return value * value;
}

function seasonal(factor: (minute: number) => number): MinuteFeature['at'] {
  return (uniform, minute) => {
    const scale = factor(minute);
    return () => scale * Math.exp(0.3 * normal(uniform));
  };
}

// Quantiles with straight lines between them: millions of values are drawn, and no detector sees the difference.
const NORMAL_CELLS = 4096;
const NORMAL_QUANTILES = Float64Array.from({ length: NORMAL_CELLS + 1 }, (_, cell) =>
  normalQuantile(Math.min(NORMAL_CELLS - 0.01, Math.max(0.01, cell)) / NORMAL_CELLS),
);

function normal(uniform: Uniform): number {
  const place = uniform() * NORMAL_CELLS;
  const cell = Math.floor(place);
  const low = NORMAL_QUANTILES[cell] ?? 0;
  return low + (place - cell) * ((NORMAL_QUANTILES[cell + 1] ?? low) - low);
}

/** Mean 3, by inversion. */
function poisson(uniform: Uniform): number {
  let left = uniform();
  let count = 0;
  for (let share = Math.exp(-3); left > share && count < 30; share *= 3 / count) {
    left -= share;
    count += 1;
  }
  return count;
}

function moodyMissing(uniform: Uniform, minute: number): () => number {
  const hour = Math.floor(minute / 60) % 24;
  const share = 0.3 + 0.3 * Math.sin((2 * Math.PI * hour) / 24);
  return () => (uniform() < share ? Number.NaN : uniform());
}
