import type { TimedSample } from '../metric-row.ts';

/** A sender may spread one scrape over requests that come up to its batch deadline (five seconds) apart. */
const QUIET_MS = 6000;
/** Samples held; beyond that the oldest moments are given out early. */
const MAX_HELD = 200_000;

interface Moment {
  readonly samples: TimedSample[];
  lastMs: number;
}

/**
 * Gathers the samples of one moment, which a sender may spread over several requests, until no more have come for six
 * seconds: what is derived from them (the memory of a GPU from its used and its free part) needs them together.
 */
export class MomentGatherer {
  readonly #moments = new Map<number, Moment>();
  #held = 0;

  get held(): number {
    return this.#held;
  }

  add(samples: readonly TimedSample[], nowMs: number): void {
    for (const sample of samples) {
      const known = this.#moments.get(sample.timestampMs);
      if (known === undefined) {
        this.#moments.set(sample.timestampMs, { samples: [sample], lastMs: nowMs });
      } else {
        known.samples.push(sample);
        known.lastMs = nowMs;
      }
    }
    this.#held += samples.length;
  }

  /** Takes out the samples of the moments that are complete, oldest moment first. */
  takeComplete(nowMs: number): readonly TimedSample[] {
    return this.#take((moment) => nowMs - moment.lastMs >= QUIET_MS || this.#held > MAX_HELD);
  }

  /** Takes out everything. */
  takeAll(): readonly TimedSample[] {
    return this.#take(() => true);
  }

  #take(complete: (moment: Moment) => boolean): readonly TimedSample[] {
    const taken: TimedSample[][] = [];
    for (const [timestampMs, moment] of [...this.#moments].toSorted(([a], [b]) => a - b)) {
      if (!complete(moment)) continue;
      taken.push(moment.samples);
      this.#held -= moment.samples.length;
      this.#moments.delete(timestampMs);
    }
    return taken.flat();
  }
}
