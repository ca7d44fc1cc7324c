export interface CounterStep {
  readonly increase: number;
  /** Time between the two readings. */
  readonly seconds: number;
}

interface CounterState {
  readonly value: number;
  readonly atMs: number;
}

const FORGET_AFTER_MS = 6 * 3_600_000;

/** Remembers the last value of counters and tells how much they rose since; a fall means that they began anew at 0. */
export class CounterMemory {
  readonly #states = new Map<string, CounterState>();

  /** Returns the step since the last reading, or undefined at the first one and for one that is not newer. */
  step(key: string, value: number, atMs: number): CounterStep | undefined {
    const before = this.#states.get(key);
    if (before !== undefined && atMs <= before.atMs) return undefined;
    this.#states.set(key, { value, atMs });
    if (before === undefined) return undefined;
    const increase = value >= before.value ? value - before.value : value;
    return { increase, seconds: (atMs - before.atMs) / 1000 };
  }

  /** Forgets counters that have not been read for six hours. */
  forget(nowMs: number): void {
    for (const [key, state] of this.#states) {
      if (nowMs - state.atMs > FORGET_AFTER_MS) this.#states.delete(key);
    }
  }
}
