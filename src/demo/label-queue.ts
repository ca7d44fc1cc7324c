const MINUTE_MS = 60_000;

/** Holds what becomes known when flights land, by minute of landing, until the replay gets there. */
export class LabelQueue {
  readonly #byMinute = new Map<number, number[]>();
  #nextMinute: number;
  #waiting = 0;

  constructor(startMs: number) {
    this.#nextMinute = Math.floor(startMs / MINUTE_MS);
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Remembers that flight `flightNumber` lands at `landingMs` and whether it is late then. */
  add(flightNumber: number, landingMs: number, late: boolean): void {
    const minute = Math.floor(landingMs / MINUTE_MS);
    const entry = flightNumber * 2 + (late ? 1 : 0);
    const bucket = this.#byMinute.get(minute);
    if (bucket === undefined) this.#byMinute.set(minute, [entry]);
    else bucket.push(entry);
    this.#waiting += 1;
  }

  /** Calls `visit` for each flight that has landed before `beforeMs`, in the order of landing, and forgets them. */
  takeLanded(beforeMs: number, visit: (flightNumber: number, late: boolean, landedMs: number) => void): void {
    const end = Math.floor(beforeMs / MINUTE_MS);
    for (; this.#nextMinute < end && this.#waiting > 0; this.#nextMinute += 1) {
      const bucket = this.#byMinute.get(this.#nextMinute);
      if (bucket === undefined) continue;
      for (const entry of bucket) visit(Math.floor(entry / 2), entry % 2 === 1, this.#nextMinute * MINUTE_MS);
      this.#byMinute.delete(this.#nextMinute);
      this.#waiting -= bucket.length;
    }
    this.#nextMinute = Math.max(this.#nextMinute, end);
  }
}
