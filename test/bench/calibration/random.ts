/** A stream of uniform numbers in (0, 1). */
export type Uniform = () => number;

/**
 * Returns a seeded stream of uniform numbers; different `stream` texts give unrelated streams of one seed.
 *
 * @see D. Blackman and S. Vigna, Scrambled linear pseudorandom number generators, ACM TOMS 47 (2021), xoshiro128**
 */
export function createUniform(seed: number, stream = ''): Uniform {
  const mix = splitMix(hash(`${seed}/${stream}`));
  // Typed, because plain variables of a closure would hold their 32-bit numbers as objects.
  const state = Int32Array.of(mix(), mix(), mix(), mix() | 1);
  const next = (): number => {
    const b = state[1] ?? 0;
    const product = Math.imul(b, 5);
    const c = (state[2] ?? 0) ^ (state[0] ?? 0);
    const d = (state[3] ?? 0) ^ b;
    state[0] = (state[0] ?? 0) ^ d;
    state[1] = b ^ c;
    state[2] = c ^ (b << 9);
    state[3] = (d << 11) | (d >>> 21);
    return Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
  };
  return () => ((next() >>> 6) * 134217728 + (next() >>> 5) + 0.5) / 9007199254740992;
}

/** Returns a stream of standard normal numbers: Marsaglia's polar method. */
export function createNormal(uniform: Uniform): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
}

/** Draws from the binomial distribution exactly: inversion for few expected events, transformed rejection for many. */
export function binomial(uniform: Uniform, n: number, p: number): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(uniform, n, 1 - p);
  return n * p < 10 ? inversion(uniform, n, p) : rejection(uniform, n, p);
}

/** Draws multinomial counts exactly, as a chain of binomials; shares need not be normalised. */
export function multinomial(uniform: Uniform, n: number, shares: ArrayLike<number>): number[] {
  const counts = Array<number>(shares.length).fill(0);
  let mass = 0;
  for (let cell = 0; cell < shares.length; cell += 1) mass += shares[cell] ?? 0;
  let rows = n;
  for (let cell = 0; cell < shares.length - 1 && rows > 0; cell += 1) {
    const share = shares[cell] ?? 0;
    const count = binomial(uniform, rows, Math.min(1, share / mass));
    counts[cell] = count;
    rows -= count;
    mass -= share;
  }
  counts[shares.length - 1] = (counts[shares.length - 1] ?? 0) + rows;
  return counts;
}

/** Draws multinomial counts of cells with equal shares, row by row where that is cheaper. */
export function evenCounts(uniform: Uniform, n: number, cells: number): number[] {
  if (n > ROWS_PER_CELL * cells) return multinomial(uniform, n, new Float64Array(cells).fill(1));
  const counts = Array<number>(cells).fill(0);
  for (let row = 0; row < n; row += 1) {
    const cell = Math.floor(uniform() * cells);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  return counts;
}

const ROWS_PER_CELL = 5;

function inversion(uniform: Uniform, n: number, p: number): number {
  const odds = p / (1 - p);
  const none = Math.exp(n * Math.log1p(-p));
  for (;;) {
    let probability = none;
    let left = uniform();
    for (let k = 0; k <= n; k += 1) {
      if (left <= probability) return k;
      left -= probability;
      probability *= (odds * (n - k)) / (k + 1);
    }
  }
}

// W. Hoermann, The generation of binomial random variates, J. Stat. Comput. Simul. 46 (1993), algorithm BTRS.
function rejection(uniform: Uniform, n: number, p: number): number {
  const spread = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const squeeze = 0.92 - 4.2 / b;
  const mode = Math.floor((n + 1) * p);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + n * p + 0.5);
    if (k < 0 || k > n) continue;
    if (us >= 0.07 && v <= squeeze) return k;
    const alpha = (2.83 + 5.1 / b) * spread;
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= logRatio(n, p, k, mode)) return k;
  }
}

// Logarithm of the probability of k over that of the mode.
function logRatio(n: number, p: number, k: number, mode: number): number {
  const choices = logFactorial(mode) + logFactorial(n - mode) - logFactorial(k) - logFactorial(n - k);
  return choices + (k - mode) * Math.log(p / (1 - p));
}

const LOG_FACTORIALS = cumulativeLogs(256);

// Stirling's series; its error is below 1e-14 from 256 on.
function logFactorial(k: number): number {
  const known = LOG_FACTORIALS[k];
  if (known !== undefined) return known;
  const square = k * k;
  return (
    (k + 0.5) * Math.log(k) - k + HALF_LOG_TWO_PI + (1 / 12 - 1 / (360 * square) + 1 / (1260 * square * square)) / k
  );
}

const HALF_LOG_TWO_PI = 0.9189385332046727;

function cumulativeLogs(length: number): Float64Array {
  const logs = new Float64Array(length);
  for (let k = 1; k < length; k += 1) logs[k] = (logs[k - 1] ?? 0) + Math.log(k);
  return logs;
}

function hash(text: string): number {
  let state = 2166136261;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16777619);
  return state >>> 0;
}

function splitMix(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
}
