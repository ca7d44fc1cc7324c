/** Allows `burst` calls at once and `perSecond` in the long run. Time is passed in; it does not go back. */
export class TokenBucket {
  readonly #intervalMs: number;
  readonly #slackMs: number;
  #nowMs: number;
  /** When the bucket would be full again. */
  #fullAtMs: number;

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly nowMs: number }) {
    this.#intervalMs = 1000 / options.perSecond;
    this.#slackMs = (options.burst - 1) * this.#intervalMs;
    this.#nowMs = options.nowMs;
    this.#fullAtMs = options.nowMs;
  }

  /** Takes a token and returns 0, or takes none and returns the milliseconds until there is one. */
  take(nowMs: number): number {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const fullAtMs = Math.max(this.#fullAtMs, this.#nowMs);
    const waitMs = fullAtMs - this.#slackMs - this.#nowMs;
    if (waitMs > 0) return Math.ceil(waitMs);
    this.#fullAtMs = fullAtMs + this.#intervalMs;
    return 0;
  }
}
