import type { Clock } from '../../core/clock.ts';

const KEEP_FACTOR = 30;
const LONGEST_MS = 120_000;
const MAX_ANSWERS = 100;

interface Answer<T> {
  readonly value: Promise<T>;
  /** Undefined while it is being computed. */
  expiresMs: number | undefined;
}

/**
 * Keeps answers for thirty times as long as they took, at most two minutes: what is cheap is always fresh, what is dear
 * does not load the database again with every reader. Questions asked at the same time share one answer.
 */
export class AnswerCache<T> {
  readonly #clock: Clock;
  readonly #answers = new Map<string, Answer<T>>();

  /** @param clock  Wall time. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether an answer is kept, or being computed. */
  has(key: string): boolean {
    const known = this.#answers.get(key);
    return known !== undefined && (known.expiresMs === undefined || known.expiresMs > this.#clock.now());
  }

  /** Returns the kept answer, or computes it. A fault is not kept. */
  async get(key: string, compute: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key);
    if (known !== undefined && this.has(key)) return known.value;
    const startMs = this.#clock.now();
    const answer: Answer<T> = { value: compute(), expiresMs: undefined };
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    this.#trim();
    try {
      const value = await answer.value;
      const nowMs = this.#clock.now();
      answer.expiresMs = nowMs + Math.min(LONGEST_MS, (nowMs - startMs) * KEEP_FACTOR);
      return value;
    } catch (error) {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
      throw error;
    }
  }

  #trim(): void {
    for (const key of this.#answers.keys()) {
      if (this.#answers.size <= MAX_ANSWERS) return;
      this.#answers.delete(key);
    }
  }
}
