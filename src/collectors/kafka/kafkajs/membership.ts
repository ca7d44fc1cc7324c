import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';

const LOST = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
const REBALANCE = 'REBALANCE_IN_PROGRESS';

/** Tells whether a fault says that the group no longer counts us in, or soon will not. */
export function isGroupFault(fault: unknown): boolean {
  const type = typeOf(fault);
  return type === REBALANCE || LOST.has(type);
}

/** One assignment of partitions, from joining the group to losing them. */
export class Membership {
  readonly #lost = new AbortController();
  readonly #handOverMs: number;
  readonly #clock: Clock;
  #fault: unknown;

  constructor(options: { readonly handOverMs: number; readonly clock: Clock }) {
    this.#handOverMs = options.handOverMs;
    this.#clock = options.clock;
  }

  /** Aborts when the partitions are lost, and some time after a rebalance has begun. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** True when the group rebalances or counts us out. */
  get mustLeave(): boolean {
    return this.#fault !== undefined || this.signal.aborted;
  }

  /** Returns a fault at which kafkajs ends its handlers and joins the group again. */
  fault(): unknown {
    const known = typeOf(this.#fault);
    if (known === REBALANCE || known === 'UNKNOWN_MEMBER_ID') return this.#fault;
    return Object.assign(new AppError('E_KAFKA_REJOIN', 'The partitions were lost.'), { type: REBALANCE });
  }

  /** Judges a fault of a heartbeat or a commit; those of the network are not ours to judge. */
  noteHeartbeat(fault: unknown): void {
    const type = typeOf(fault);
    if (type === REBALANCE && this.#fault === undefined) {
      this.#fault = fault;
      // The block in hand may be ended, but the others wait for us: not for ever.
      void this.#clock.sleep(this.#handOverMs, this.signal).then(() => this.lose(fault));
    } else if (LOST.has(type)) {
      this.#fault ??= fault;
      this.lose(fault);
    }
  }

  lose(reason: unknown): void {
    this.#lost.abort(reason);
  }
}

function typeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('type' in error)) return '';
  return typeof error.type === 'string' ? error.type : '';
}
