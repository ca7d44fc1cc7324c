const SLOT_MS = 600_000;
/** A landing lies at most two days ahead, so half a week of slots never overwrites one that is still needed. */
const RING_SLOTS = 512;
/** The last three hours. */
const WINDOW_SLOTS = 18;

interface Ring {
  /** Which slot of time a place of the ring holds. */
  readonly slot: Int32Array;
  readonly landings: Int32Array;
  readonly delaySum: Int32Array;
}

/**
 * Keeps, for each origin airport, the arrival delays of its flights by ten-minute slot of landing. A question at time t
 * sees the 18 slots closed before t: flights that have landed, nothing from the future.
 */
export class OriginDelays {
  readonly #rings = new Map<string, Ring>();

  /** Records that a flight from `origin` lands at `landingMs` with that arrival delay in minutes. May be told in advance. */
  add(origin: string, landingMs: number, delayMinutes: number): void {
    const ring = this.#ringOf(origin);
    const slot = Math.floor(landingMs / SLOT_MS);
    const at = slot % RING_SLOTS;
    if (ring.slot[at] !== slot) {
      ring.slot[at] = slot;
      ring.landings[at] = 0;
      ring.delaySum[at] = 0;
    }
    ring.landings[at] = (ring.landings[at] ?? 0) + 1;
    ring.delaySum[at] = (ring.delaySum[at] ?? 0) + delayMinutes;
  }

  /**
   * Returns the mean arrival delay in minutes, to one decimal, of the flights from `origin` that landed in the last
   * three hours, or undefined when none did.
   */
  recent(origin: string, nowMs: number): number | undefined {
    const ring = this.#rings.get(origin);
    if (ring === undefined) return undefined;
    const current = Math.floor(nowMs / SLOT_MS);
    let landings = 0;
    let delaySum = 0;
    for (let slot = current - WINDOW_SLOTS; slot < current; slot += 1) {
      const at = slot % RING_SLOTS;
      if (ring.slot[at] !== slot) continue;
      landings += ring.landings[at] ?? 0;
      delaySum += ring.delaySum[at] ?? 0;
    }
    // Adding 0 turns -0 into 0.
    return landings === 0 ? undefined : Math.round((delaySum * 10) / landings) / 10 + 0;
  }

  #ringOf(origin: string): Ring {
    const known = this.#rings.get(origin);
    if (known !== undefined) return known;
    const ring = {
      slot: new Int32Array(RING_SLOTS),
      landings: new Int32Array(RING_SLOTS),
      delaySum: new Int32Array(RING_SLOTS),
    };
    this.#rings.set(origin, ring);
    return ring;
  }
}
