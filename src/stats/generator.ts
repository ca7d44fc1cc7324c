import { StatsError } from '../core/errors.ts';

/** A reproducible sample: plain numbers, category names, labels with scores, or actual and predicted values. */
export type Generated =
  | { readonly kind: 'numbers'; readonly values: readonly number[] }
  | { readonly kind: 'categories'; readonly values: readonly string[] }
  | { readonly kind: 'scored'; readonly labels: readonly number[]; readonly scores: readonly number[] }
  | { readonly kind: 'regression'; readonly actual: readonly number[]; readonly predicted: readonly number[] };

/** Numbers of a distribution, by name; `weights` and `levels` are the only lists. */
export type GeneratorParams = {
  readonly numbers: Readonly<Record<string, number>>;
  readonly weights?: readonly number[];
  readonly levels?: readonly (readonly [start: number, level: number])[];
};

/**
 * Returns `n` draws of a named distribution that are bit-identical on every machine.
 *
 * Only + - * / sqrt floor min max follow the generator, in a fixed order, so golden values never depend on a library.
 *
 * @param seed  Any integer; taken modulo 2^32.
 * @throws E_STATS_PARAMETER  when the distribution is unknown or lacks a parameter.
 * @see D. E. Knuth, The Art of Computer Programming, vol. 2, 3.3.4, table 1 (multiplier 1664525)
 */
export function generate(spec: {
  readonly seed: number;
  readonly n: number;
  readonly dist: string;
  readonly params: GeneratorParams;
}): Generated {
  const next = createLcg(spec.seed);
  const make = DISTRIBUTIONS[spec.dist];
  if (make === undefined) {
    throw new StatsError(
      'E_STATS_PARAMETER',
      `Unknown distribution '${spec.dist}'; known are ${Object.keys(DISTRIBUTIONS).join(', ')}.`,
    );
  }
  return make(next, spec.n, spec.params);
}

/** Returns a stream of uniform numbers in (0, 1): a linear congruential generator modulo 2^32. */
export function createLcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
}

type Make = (next: () => number, n: number, params: GeneratorParams) => Generated;

const DISTRIBUTIONS: Readonly<Record<string, Make>> = {
  uniform: (next, n, params) => {
    const a = param(params, 'a', 0);
    const b = param(params, 'b', 1);
    return numbers(n, () => a + (b - a) * next());
  },
  irwinhall12: (next, n, params) => {
    const { loc, scale } = locationScale(params);
    return numbers(n, () => loc + scale * irwinHall(next));
  },
  pareto2: (next, n, params) => {
    const { loc, scale } = locationScale(params);
    return numbers(n, () => loc + scale / Math.sqrt(next()));
  },
  square: (next, n, params) => {
    const { loc, scale } = locationScale(params);
    return numbers(n, () => {
      const u = next();
      return loc + scale * (u * u);
    });
  },
  grid: (next, n, params) => {
    const k = param(params, 'k');
    const div = param(params, 'div', 1);
    return numbers(n, () => Math.floor(next() * k) / div);
  },
  zeroinf: (next, n, params) => {
    const p0 = param(params, 'p0');
    const { loc, scale } = locationScale(params);
    return numbers(n, () => {
      const first = next();
      const second = next();
      return first < p0 ? 0 : loc + scale * second;
    });
  },
  bernoulli: (next, n, params) => {
    const p = param(params, 'p');
    return numbers(n, () => (next() < p ? 1 : 0));
  },
  ar1,
  step,
  categorical,
  scored,
  regression,
};

function ar1(next: () => number, n: number, params: GeneratorParams): Generated {
  const rho = param(params, 'rho');
  const loc = param(params, 'loc', 0);
  let previous: number | undefined;
  return numbers(n, () => {
    const noise = irwinHall(next);
    previous = previous === undefined ? noise : rho * previous + noise;
    return loc + previous;
  });
}

function step(next: () => number, n: number, params: GeneratorParams): Generated {
  const scale = param(params, 'scale', 1);
  const levels = params.levels ?? [];
  return numbers(n, (index) => {
    let level = 0;
    for (const [start, value] of levels) if (index >= start) level = value;
    return level + scale * irwinHall(next);
  });
}

function categorical(next: () => number, n: number, params: GeneratorParams): Generated {
  const weights = params.weights ?? [];
  let total = 0;
  const cumulative = weights.map((weight) => (total += weight));
  const draw = (): string => {
    const target = Math.floor(next() * total);
    const found = cumulative.findIndex((edge) => target < edge);
    return `c${found}`;
  };
  return { kind: 'categories', values: Array.from({ length: n }, draw) };
}

function scored(next: () => number, n: number, params: GeneratorParams): Generated {
  const p = param(params, 'p');
  const signal = param(params, 'signal');
  const round = param(params, 'round', 0);
  const labels: number[] = [];
  const scores: number[] = [];
  for (let index = 0; index < n; index += 1) {
    const positive = next() < p;
    const a = next();
    const b = next();
    const c = next();
    const informed = positive ? Math.max(a, b) : Math.min(a, b);
    const score = c < signal ? informed : a;
    labels.push(positive ? 1 : 0);
    scores.push(round > 0 ? Math.floor(score * round) / round : score);
  }
  return { kind: 'scored', labels, scores };
}

function regression(next: () => number, n: number, params: GeneratorParams): Generated {
  const base = param(params, 'base', 0);
  const spread = param(params, 'spread', 1);
  const bias = param(params, 'bias', 0);
  const noise = param(params, 'noise', 0);
  const actual: number[] = [];
  const predicted: number[] = [];
  for (let index = 0; index < n; index += 1) {
    const truth = base + spread * next();
    actual.push(truth);
    predicted.push(truth + bias + noise * irwinHall(next));
  }
  return { kind: 'regression', actual, predicted };
}

function irwinHall(next: () => number): number {
  let total = 0;
  for (let draw = 0; draw < 12; draw += 1) total += next();
  return total - 6;
}

function numbers(n: number, draw: (index: number) => number): Generated {
  return { kind: 'numbers', values: Array.from({ length: n }, (_, index) => draw(index)) };
}

function locationScale(params: GeneratorParams): { readonly loc: number; readonly scale: number } {
  return { loc: param(params, 'loc', 0), scale: param(params, 'scale', 1) };
}

function param(params: GeneratorParams, name: string, fallback?: number): number {
  const value = params.numbers[name] ?? fallback;
  if (value === undefined) throw new StatsError('E_STATS_PARAMETER', `The distribution needs the parameter '${name}'.`);
  return value;
}
