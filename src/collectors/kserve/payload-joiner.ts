import type { PayloadHalf } from './payload-half.ts';
import type { Call } from './prediction-records.ts';

export interface JoinLimits {
  readonly timeoutMs: number;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

export type JoinOutcome =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'joined'; readonly call: Call }
  /** The same half was here before. */
  | { readonly kind: 'duplicate' }
  /** The other half was stored alone some time ago. */
  | { readonly kind: 'late' };

interface Pending {
  readonly half: PayloadHalf;
  readonly atMs: number;
}

type Part = 'request' | 'response';

/** Calls that were stored are remembered so long, so that an event sent again is known. */
const REMEMBERED_CALLS = 100_000;
/** What a half costs beside its payload, in bytes. */
const HALF_BYTES = 1024;

/** Brings requests and responses together in whichever order they come. Memory is bounded by its limits. */
export class PayloadJoiner {
  readonly #limits: JoinLimits;
  /** Oldest first. */
  readonly #pending = new Map<string, Pending>();
  readonly #stored = new Map<string, 'both' | Part>();
  #bytes = 0;

  constructor(limits: JoinLimits) {
    this.#limits = limits;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Takes a half; call `expired` afterwards. */
  add(half: PayloadHalf, nowMs: number): JoinOutcome {
    const key = half.payload.joinKey;
    const part: Part = half.payload.part === 'response' ? 'response' : 'request';
    const stored = this.#stored.get(key);
    if (stored !== undefined) return { kind: stored === 'both' || stored === part ? 'duplicate' : 'late' };
    const other = this.#pending.get(key);
    if (other === undefined) {
      this.#pending.set(key, { half, atMs: nowMs });
      this.#bytes += half.sizeBytes + HALF_BYTES;
      return { kind: 'waiting' };
    }
    if (other.half.payload.part === half.payload.part) return { kind: 'duplicate' };
    this.#remove(key, other, 'both');
    const [request, response] = part === 'request' ? [half, other.half] : [other.half, half];
    return { kind: 'joined', call: { request, response } };
  }

  /** Returns, and forgets, the halves that have waited too long or are too many, oldest first. */
  expired(nowMs: number): readonly PayloadHalf[] {
    const { timeoutMs, maxPending, maxPendingBytes } = this.#limits;
    const halves: PayloadHalf[] = [];
    for (const [key, pending] of this.#pending) {
      const isTooMany = this.#pending.size > maxPending || this.#bytes > maxPendingBytes;
      if (!isTooMany && nowMs - pending.atMs < timeoutMs) break;
      this.#remove(key, pending, pending.half.payload.part === 'response' ? 'response' : 'request');
      halves.push(pending.half);
    }
    return halves;
  }

  /** Returns, and forgets, every half that waits. */
  takeAll(): readonly PayloadHalf[] {
    return this.expired(Number.POSITIVE_INFINITY);
  }

  #remove(key: string, pending: Pending, stored: 'both' | Part): void {
    this.#pending.delete(key);
    this.#bytes -= pending.half.sizeBytes + HALF_BYTES;
    this.#stored.set(key, stored);
    const [oldest] = this.#stored.keys();
    if (this.#stored.size > REMEMBERED_CALLS && oldest !== undefined) this.#stored.delete(oldest);
  }
}
