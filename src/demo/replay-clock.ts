import { type Clock, systemClock } from '../core/clock.ts';

/**
 * The date inside the replay. It moves only when told, and never back. Sleeping is real: it paces input and output,
 * whatever the date is.
 */
export class ReplayClock implements Clock {
  readonly #wall: Clock;
  #now: number;

  constructor(nowMs: number, wall: Clock = systemClock) {
    this.#now = nowMs;
    this.#wall = wall;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return signal === undefined ? this.#wall.sleep(ms) : this.#wall.sleep(ms, signal);
  }

  /** Moves the date to `ms` since 1970 UTC, unless it is there or later already. */
  moveTo(ms: number): void {
    this.#now = Math.max(this.#now, ms);
  }
}
