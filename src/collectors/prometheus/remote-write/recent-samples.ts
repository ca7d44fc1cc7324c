/**
 * Remembers which samples were stored lately, at least the last `atLeast` and at most twice as many, so that a sender
 * that repeats samples in other requests than before stores them once. Repeated requests are known by their content.
 */
export class RecentSamples {
  readonly #atLeast: number;
  #current = new Set<number>();
  #previous = new Set<number>();

  constructor(atLeast: number) {
    this.#atLeast = atLeast;
  }

  has(key: number): boolean {
    return this.#current.has(key) || this.#previous.has(key);
  }

  add(keys: readonly number[]): void {
    for (const key of keys) {
      if (this.#current.size >= this.#atLeast) {
        this.#previous = this.#current;
        this.#current = new Set();
      }
      this.#current.add(key);
    }
  }
}
