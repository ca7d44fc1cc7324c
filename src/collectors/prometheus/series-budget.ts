import type { Labels } from './metric-sample.ts';

const GENERATION_MS = 1_800_000;

/**
 * Admits the samples of at most `limit` different series within the last half hour to hour and refuses new ones beyond
 * it, so that a label with a request number in it cannot fill the disk. Known series always go on.
 */
export class SeriesBudget {
  readonly #limit: number;
  #current = new Set<number>();
  #previous = new Set<number>();
  #generationStart = Number.NEGATIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  admit(name: string, labels: Labels, nowMs: number): boolean {
    if (Math.abs(nowMs - this.#generationStart) >= GENERATION_MS) {
      this.#previous = this.#current;
      this.#current = new Set();
      this.#generationStart = nowMs;
    }
    const key = hashSeries(name, labels);
    if (this.#current.has(key)) return true;
    if (!this.#previous.delete(key) && this.#current.size + this.#previous.size >= this.#limit) return false;
    this.#current.add(key);
    return true;
  }
}

/** 53-bit hash of a series. A collision merely lets one series too many in. */
function hashSeries(name: string, labels: Labels): number {
  let low = 0x811c9dc5;
  let high = 0x1000193;
  const mix = (text: string): void => {
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 15);
    }
    low = Math.imul(low ^ 0xffff, 0x01000193);
    high = Math.imul(high ^ 0xffff, 0x5bd1e995);
  };
  mix(name);
  for (const label of Object.keys(labels).toSorted()) {
    mix(label);
    mix(labels[label] ?? '');
  }
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}
