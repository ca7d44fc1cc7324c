import type { Labels } from './metric-sample.ts';
import { seriesKey } from './series-key.ts';

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

  /** Returns whether a sample of the series may be stored. A collision of hashes merely lets one series too many in. */
  admit(name: string, labels: Labels, nowMs: number): boolean {
    return this.admitKey(seriesKey(name, labels), nowMs);
  }

  /** Does what `admit` does for a series whose key is known. */
  admitKey(key: number, nowMs: number): boolean {
    if (Math.abs(nowMs - this.#generationStart) >= GENERATION_MS) {
      this.#previous = this.#current;
      this.#current = new Set();
      this.#generationStart = nowMs;
    }
    if (this.#current.has(key)) return true;
    if (!this.#previous.delete(key) && this.#current.size + this.#previous.size >= this.#limit) return false;
    this.#current.add(key);
    return true;
  }

  /** Returns whether a series is known. */
  has(key: number): boolean {
    return this.#current.has(key) || this.#previous.has(key);
  }

  /** Forgets a series that has ended, so that another may take its place. */
  release(key: number): void {
    this.#current.delete(key);
    this.#previous.delete(key);
  }
}
